"""Merges the directories of shards. Exact figures are the same on every machine: a boot that two of
them have measured must be the same byte for byte, and that is checked."""
import os
import shutil

from study import records
from study.cache import Folder


class MergeError(Exception):
    """Shards that do not belong together."""


def differences(first, second):
    """A line for each cell of a boot that two files of records have otherwise."""
    left, right = ({records.identity(row): row for row in records.read(path)}
                   for path in (first, second))
    for key in left | right:
        values = [str(side[key]["value"]) if key in side else "nothing" for side in (left, right)]
        if values[0] != values[1]:
            yield f"{records.title((left | right)[key])}: {values[0]} in {first}, {values[1]} in {second}"


def same_bytes(first, second):
    """True if two files are the same."""
    with open(first, "rb") as left, open(second, "rb") as right:
        return left.read() == right.read()


def load(path):
    """The study in a directory."""
    if not os.path.exists(os.path.join(path, "plan.jsonl")):
        raise MergeError(f"{path} has no study: there is no plan.jsonl")
    return Folder(path).load()


def check_plans(shards):
    """All must be shards of one study."""
    for shard in shards[1:]:
        if list(shard.boots) != list(shards[0].boots):
            differ = [name for name, value in shard.versions.items()
                      if shards[0].versions.get(name) != value]
            raise MergeError(f"{shard.out} is of another study than {shards[0].out}: other "
                             f"{', '.join(differ) or 'cells'}")


def merge(paths, out):
    """Makes out the study that the shards in paths are parts of."""
    shards = [load(path) for path in paths]
    check_plans(shards)
    problems, sources = [], {}
    for name, boot in shards[0].boots.items():
        having = [shard for shard in shards if shard.has(name)]
        for other in having[1:]:
            pair = having[0].records_path(name), other.records_path(name)
            if boot.kind != "wall" and not same_bytes(*pair):
                problems += list(differences(*pair)) or [f"{pair[0]} and {pair[1]} differ in form"]
        sources[name] = having[:1]
    if problems:
        raise MergeError("\n".join(["two machines do not agree on", *problems]))
    study = Folder(out)
    study.plan(shards[0].boots, shards[0].versions)
    for name, having in sources.items():
        for shard in having:
            if os.path.abspath(shard.out) != os.path.abspath(out):
                shutil.copyfile(shard.log_path(name), study.log_path(name))
                shutil.copyfile(shard.records_path(name), study.records_path(name))
    return study
