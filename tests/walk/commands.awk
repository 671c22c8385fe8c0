# The commands that a page shows, as a script for bash: `walk` runs it. What it calls is defined in reader.sh.
#
# Markdown: the blocks of the languages sh, bash, shell and console, and of no language when one of their lines begins with a program that
# the pages use; and code within a line that begins with "pipit " or "./dev ". A block with `…` or `[-` is a synopsis. A comment
# <!-- exit status N --> in the line above a block says how its last command ends.
# -v lines=1: not Markdown; each line that is a comment or indented, and a command, is one (a pipeline's head, a help text).

function quoted(text) { gsub(/'/, "'\\''", text); return "'" text "'" }
function is_command(line) { return line ~ /^(pipit|\.\/dev|cmake|ctest|build\/[a-z_]+|cc|c\+\+|g\+\+|gcc|python3|sudo|apt-get|pip|git|cd|tar|curl) / || line ~ /^export [A-Za-z_]+=/ || line ~ /^build\/[a-z_]+$/ }
function is_synopsis(text) { return text ~ /…|\[-/ }

# Code between single backquotes in a line of prose.
function spans(line,  parts, n, i) {
  n = split(line, parts, "`")
  for (i = 2; i < n; i += 2) {
    gsub(/\\\|/, "|", parts[i])
    if (parts[i] ~ /^(pipit|\.\/dev) /) print "span " quoted(page ":" FNR) " " quoted(parts[i])
  }
}

function end_block() {
  if (!(language ~ /^(sh|bash|shell|console)$/ || (language == "" && commands))) return
  print "at " quoted(page ":" start)
  if (is_synopsis(text)) print "synopsis " quoted(text)
  else if (status == "") printf "%s", text
  else print "status=0; (\n" text ") || status=$?; ends_with \"$status\" " status
}

lines {
  line = $0
  if (sub(/^# +/, "", line) || sub(/^ +/, "", line)) {
    if (is_command(line)) {
      print "at " quoted(page ":" FNR)
      print is_synopsis(line) ? "synopsis " quoted(line) : line
    }
  }
  next
}

/^ *```/ {
  if (inside) { end_block(); inside = 0; status = ""; next }
  inside = 1; language = $0; gsub(/[ `]/, "", language); start = FNR; text = ""; commands = 0
  next
}
inside {
  text = text $0 "\n"
  if (is_command($0)) commands = 1
  next
}
/^<!-- exit status [0-9]+ -->$/ { status = $4; next }
{ if ($0 != "") status = ""; spans($0) }
END { if (inside) { print "at " quoted(page ":" start); print "failed 'a block without its end'" } }
