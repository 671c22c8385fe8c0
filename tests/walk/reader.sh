# shellcheck shell=bash disable=SC2154,SC2317  # `source` and `help` are set by walk; traps and functions are called by pages
# What the commands of a page meet when `walk` runs them: sourced by the script that commands.awk makes of a page.

# Covered elsewhere: what builds and installs. Each stands for itself here, and only in the forms that are looked at there.
# tests/package installs, moves, builds hosts and operators against the install and runs their tests; what they build is linked below build/.
cmake() { known 'cmake' "$*" '--preset release*|--build *|--install build*|-S . -B build*'; }
ctest() { known 'ctest' "$*" '--test-dir build*'; }
cc() { known 'cc' "$*" '*-lpipit*'; }
# ./dev wheel builds it and tests it in an environment of its own.
pip() { known 'pip' "$*" 'install .'; }
c++() { known 'c++' "$*" '*-lpipit*'; }
pkg-config() { known 'pkg-config' "$*" '--cflags --libs pipit' && echo -lpipit; }
# .ci/run is ./dev test; the others need minutes and gigabytes. That ./dev has such a command is looked at.
./dev() { grep -q "^  $1\( \||$\)" "$source/dev" || grep -q "^  $1$" "$source/dev" || failed "./dev has no command '$1'"; }

# known PROGRAM WORDS PATTERN|PATTERN…
known() {
  local pattern patterns
  IFS='|' read -r -a patterns <<<"$3"
  # shellcheck disable=SC2053  # a pattern
  for pattern in "${patterns[@]}"; do [[ "$2" != $pattern ]] || return 0; done
  failed "a form of '$1' that no test covers: $1 $2"
}

place='' ran=0 failures=0
at() { place="$1"; }
failed() {
  echo "WRONG $place: $1"
  failures=$((failures + 1))
}
ends_with() { [ "$1" = "$2" ] || failed "ended with status $1 and the page says $2"; }

pipit() {
  local words=() word status=0
  # The checkpoint that stands for ViT-B/32's is smaller; whether a file is what a name says is looked at in tests/pipelines.
  for word in "$@"; do words+=("${word/#embed.model_name=clip_vit_b32/embed.model_name=auto}"); done
  ran=$((ran + 1))
  if [ "${1:-}" = serve ] && [[ " $* " != *" --help "* ]]; then serves "$@"; return 0; fi
  command pipit "${words[@]}" || status=$?
  # In a subshell a status is looked at by ends_with.
  [ "$status" = 0 ] || [ "$BASH_SUBSHELL" != 0 ] || failed "ended with status $status: pipit $*"
  return "$status"
}
# A server in the background until the page ends, at the address that pages name.
server=''
serves() {
  local tries
  [ -z "$server" ] || { kill "$server"; wait "$server" || true; }
  command pipit "$@" 2>server.log &
  server=$!
  for tries in {1..600}; do
    ! command curl -sf -o /dev/null localhost:8080/health/ready || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  failed "not ready: pipit $*: $(tail -n 3 server.log)"
}
trap '[ -z "$server" ] || kill "$server"' EXIT
# An answer that is an error fails the page.
curl() {
  ran=$((ran + 1))
  command curl --fail-with-body --max-time 60 "$@"
  echo
}

# Everything else that fails. What `a && b` hides of pipit is seen above.
trap 'last=$?; [[ "$BASH_COMMAND" = pipit\ * || "$BASH_COMMAND" = return\ * ]] || failed "ended with status $last: $BASH_COMMAND"' ERR
set -o pipefail

# help_of COMMAND [SUBCOMMAND]
help_of() {
  local file="$help/$1${2:+ $2}"
  [ -f "$file" ] || command pipit "$@" --help >"$file" || failed "ended with status $?: pipit $* --help"
  cat "$file"
}

# Whether there are the command and the options that a text names.
named() {
  local words word text sub=() options
  text="${1%% | [a-z]* -*}"
  read -r -a words <<<"${text//|/ | }"
  [ "${words[0]}" = pipit ] || return 0
  [[ "${words[1]}" != --* ]] || return 0
  if ! grep -q "^  ${words[1]} " "$help/all"; then failed "pipit has no command '${words[1]}'"; return 0; fi
  sub=("${words[1]}")
  if [[ "${words[1]}" =~ ^(weights|plugin|eval)$ && "${words[2]:-}" =~ ^[a-z]+$ ]]; then sub+=("${words[2]}"); fi
  options="$(help_of "${sub[@]}")"
  while read -r word; do
    [ -z "$word" ] || grep -q -e "$word\b" <<<"$options" || failed "pipit ${sub[*]} has no option $word"
  done <<<"$(grep -o -e ' \[*--[a-z][a-z-]*' <<<" $text" | tr -d ' [')"
}

# synopsis TEXT: usage lines; those that are indented go on with the one above.
synopsis() {
  local line whole=''
  while IFS= read -r line; do
    if [[ "$line" = pipit\ * ]]; then
      [ -z "$whole" ] || named "$whole"
      whole="$line"
    else
      whole+=" $line"
    fi
  done <<<"$1"
  named "$whole"
  ran=$((ran + 1))
}

# span PLACE TEXT: code within a line. It is run when it names a file and nothing to be filled in; else what it names must be there.
span() {
  local to_fill_in='…|\[|[A-Z]{2}|\|' whole='[a-z0-9_]\.(yaml|jsonl|npy|csv|so|safetensors|pth|pt|bin|mp4|jpg)( |$)|^pipit operators$| --help$'
  at "$1"
  if [[ "$2" = ./dev\ * ]]; then
    eval "$2"
  elif [[ ! "$2" =~ $to_fill_in && "$2" =~ $whole ]]; then
    eval "$2" || true  # pipit() has said so
  else
    named "$2"
    ran=$((ran + 1))
  fi
}
