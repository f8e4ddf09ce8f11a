"""What GNU parallel is told so that jobs run on the machines of a file, its --sshloginfile."""
import os
import shlex

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def options(hosts, sent):
    """Each machine gets what is sent, by its path in the repository, into a directory that nothing else
    uses, and what was sent is removed from there: never in a checkout that it may have at the same
    place."""
    return ["--sshloginfile", hosts, "--workdir", ".postern-jobs", "--cleanup",
            *(word for path in sent for word in ("--basefile", path))]


def go_home(probe):
    """Before a job's command: this machine (":") is sent nothing, and works in the repository. probe is
    something that is sent."""
    return f"[ -e {shlex.quote(probe)} ] || cd {shlex.quote(ROOT)};"
