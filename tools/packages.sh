# Sourced by scripts that install: says what they do, and gets system packages.

# Nothing may wait for a terminal: a program in the background that reads from one is stopped for good.
exec </dev/null
export DEBIAN_FRONTEND=noninteractive

say() { echo "setup: $*" >&2; }

# Asks no questions; where it may not install, it says what to install.
apt_install() {
  if ! command -v apt-get >/dev/null; then
    say "please install $* with your system's package manager"; return 1
  elif [ "$(id -u)" = 0 ]; then root=
  elif sudo -n true 2>/dev/null; then root="sudo -n"
  else say "please run: sudo apt install $*"; return 1
  fi
  say "installing $* with apt"
  $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

# Makes a virtual environment, or one anew whose Python an upgrade of the system has taken away.
make_venv() { # folder, python
  "$2" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    { say "Python 3.11 or newer is needed ($2 is $("$2" --version 2>&1)); name one with PYTHON=..."; return 1; }
  if ! "$1/bin/python" -c 'import pip' 2>/dev/null; then
    "$2" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    say "creating $1"
    "$2" -m venv --clear "$1"
  fi
}

# The wheel of sounddevice brings no PortAudio on Linux; the microphone needs it, nothing else does.
install_portaudio() { # python
  "$1" -c 'import sys; from ctypes.util import find_library; sys.exit(not find_library("portaudio"))' ||
    apt_install libportaudio2 || say "without PortAudio there is no microphone; going on"
}

# Takes away what wheels bring that no listener uses, a third of all: NumPy's tests, LiteRT's compilers
# for phones and its driver for GPUs, a second copy of Silero's library. pip can't leave them out.
slim() { # python
  site=$("$1" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
  find "$site/numpy" -name tests -type d -prune -exec rm -rf {} +
  rm -rf "$site"/ai_edge_litert/tools "$site"/ai_edge_litert/vendors "$site"/ai_edge_litert/libLiteRt*Accelerator.so
  rm -rf "$site"/lib*/libggml* "$site"/lib*/cmake/ggml
}
