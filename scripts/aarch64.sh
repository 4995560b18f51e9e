#!/usr/bin/env bash
# Makes a folder with Debian's Python for aarch64, numpy and onnx, for scripts/processors.py --aarch64. Half a minute.
# usage: bash scripts/aarch64.sh FOLDER
# Needs qemu-user, apt-get of Debian 12 and pip. Nothing of the system is changed: apt's lists lie in the folder too.
# ONNX Runtime is left out: importing its aarch64 build ends with a segmentation fault under qemu-aarch64 7.2.
set -euo pipefail
mkdir -p "$1" && cd "$1"
mkdir -p lists/partial cache/archives/partial root wheels site
cat > apt.conf <<END
APT::Architectures {"amd64"; "arm64";};
Dir::State::lists "$PWD/lists";
Dir::Cache "$PWD/cache";
END
export APT_CONFIG="$PWD/apt.conf"
apt-get update -qq
names=(python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libc6 zlib1g libexpat1 libstdc++6 libgcc-s1 libffi8)
names+=(libbz2-1.0 liblzma5 libssl3 libuuid1)
apt-get download -qq "${names[@]/%/:arm64}"
for package in *.deb; do dpkg -x "$package" root; done
of() { pip show "$1" 2>/dev/null | sed -n 's/^Version: //p'; }
platforms=(--platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64)
pip download -q --no-deps --only-binary=:all: --python-version 3.11 "${platforms[@]}" -d wheels \
  "numpy==$(of numpy)" "onnx==$(of onnx)" "protobuf==$(of protobuf)" ml_dtypes typing_extensions
for wheel in wheels/*.whl; do python -m zipfile -e "$wheel" site; done
cat > python <<END
#!/bin/sh
PYTHONPATH="$PWD/site:\$PYTHONPATH" PYTHONDONTWRITEBYTECODE=1 \\
  exec qemu-aarch64 -cpu cortex-a72 -L "$PWD/root" "$PWD/root/usr/bin/python3.11" "\$@"
END
chmod +x python
