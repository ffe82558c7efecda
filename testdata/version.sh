#!/bin/sh
# Prints the version of what is checked out: 1.2.3 at the tag v1.2.3, 1.2.3-4-gabcdef0 four commits behind it, 0.1.0-dev+abcdef0 where no tag is known.
if tag=$(git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null); then
	echo "${tag#v}"
elif commit=$(git rev-parse --short HEAD 2>/dev/null); then
	echo "0.1.0-dev+$commit"
else
	echo "0.1.0-dev"
fi
