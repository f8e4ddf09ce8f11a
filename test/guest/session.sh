# The scripted session.
echo hello
