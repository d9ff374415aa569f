#!/bin/sh
# What git's hooks run for tm: it notes in the spool what happened and lets tm take that in the background; before a
# commit it adds the task's trailers to the message. hook EVENT [WORDS OF GIT]. Never fails, says one line at most.
tm=''
set +eu
[ -z "${TM_SKIP_HOOKS:-}" ] || exit 0
self=${tm_git:-$0} # read by the lines in a hook, or run by itself
exec 3>&2 2>/dev/null
event=${1:-}
[ $# -eq 0 ] || shift
if [ "$event" = take-now ]; then # in the background: ROOM TM
  echo $$ >"$1/taker"
  "$2" git take --quiet
  # a zombie looks alive, so who failed before it began to read must not stand there for ever
  read -r pid <"$1/taker"
  [ "${pid:-}" != $$ ] || : >"$1/taker"
  exit 0
fi
nl='
'
case $self in
*/tm-git/hook) room=${self%/*} ;;
*) # run by a hook manager, which may name git's words in variables
  room=$(git rev-parse --git-common-dir) || exit 0
  room=$room/tm-git
  mkdir -p "$room"
  case $event in
  post-checkout)
    [ $# -eq 3 ] || set -- "${PRE_COMMIT_FROM_REF:-}" "${PRE_COMMIT_TO_REF:-}" "${PRE_COMMIT_CHECKOUT_TYPE:-}"
    ;;
  post-merge) [ $# -gt 0 ] || set -- "${PRE_COMMIT_IS_SQUASH_MERGE:-0}" ;;
  post-rewrite) [ $# -gt 0 ] || set -- "${PRE_COMMIT_REWRITE_COMMAND:-amend}" ;;
  prepare-commit-msg) [ $# -gt 1 ] || set -- "$@" "${PRE_COMMIT_COMMIT_MSG_SOURCE:-}" ;;
  esac
  ;;
esac
own=${GIT_DIR:-.git}
if [ -f "$own" ]; then
  IFS= read -r own <"$own"
  own=${own#gitdir: }
fi
later=$room/later.${own##*/} # one for each work tree
IFS= read -r head <"$own/HEAD"
case $head in
"ref: refs/heads/.invalid") branch=$(git symbolic-ref --quiet --short HEAD) ;; # a repository with reftables
"ref: refs/heads/"*) branch=${head#ref: refs/heads/} ;;
*) branch= ;;
esac
case $event:$branch in # most branches are no task's, and most messages need no second look
prepare-commit-msg:*/*) ;;
prepare-commit-msg:*) [ -f "$own/SQUASH_MSG" ] || exit 0 ;;
commit-msg:*) [ -f "$later" ] || exit 0 ;;
esac

said=
say() { [ -n "$said" ] || printf 'tm git: %s\n' "${said:=$1}" >&3; }

is_rebasing() { [ -d "$own/rebase-merge" ] || [ -d "$own/rebase-apply" ]; }

# ---- notes: post-commit, post-checkout, post-merge, post-rewrite -----------------------------------------------------

# One record, one write: fields end with NUL, the record with NUL, newline, NUL. No path or branch can hold those.
note() { printf '%s\000' '' '~tm1' "$at" "$PWD" "$@" "$nl" >>"$room/spool"; }

find_sha() {
  sha=
  if [ -n "$branch" ]; then IFS= read -r sha <"${room%/*}/refs/heads/$branch"; else sha=$head; fi
  case $sha in
  *[!0123456789abcdef]* | '') sha=$(git rev-parse --verify HEAD) ;;
  esac
}

note_rewrites() {
  found=
  if ! [ -t 0 ]; then
    while read -r old new _; do
      [ -n "$new" ] && found=1 && note rewrite "$1" "$old" "$new"
    done
  fi
  [ -n "$found" ] || note rewrite "$1"
}

tell_remark() {
  [ -s "$room/remark" ] && IFS= read -r remark <"$room/remark" && : >"$room/remark" && say "$remark"
}

# A take that has not begun to read will find what was noted just now.
is_take_coming() { IFS= read -r pid <"$room/taker" && [ -n "$pid" ] && kill -0 "$pid"; }

take() {
  is_take_coming && return
  [ -x "$tm" ] || tm=$(command -v tm) || {
    say "there is no tm at the path of its installation nor in PATH; notes wait in $room/spool. See: tm git install"
    return
  }
  session=
  command -v setsid >/dev/null && session=setsid
  (
    exec </dev/null >/dev/null 3>&-
    unset GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CONFIG GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_OBJECT_DIRECTORY \
      GIT_DIR GIT_WORK_TREE GIT_IMPLICIT_WORK_TREE GIT_GRAFT_FILE GIT_INDEX_FILE GIT_NO_REPLACE_OBJECTS GIT_PREFIX \
      GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_COMMON_DIR GIT_INTERNAL_SUPER_PREFIX GIT_QUARANTINE_PATH GIT_EDITOR \
      GIT_REFLOG_ACTION GIT_NAMESPACE GIT_EXEC_PATH GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE
    # shellcheck disable=SC2086 # no word is meant where there is no setsid
    exec $session sh "$self" take-now "$room" "$tm"
  ) &
}

note_event() {
  at=$(date +%s)
  case $event in
  post-commit) find_sha && note commit "$sha" "$branch" ;;
  post-checkout) note checkout "${1:-}" "${2:-}" "${3:-}" "$branch" ;;
  post-merge) find_sha && note merge "${1:-}" "$sha" "$branch" ;;
  post-rewrite) note_rewrites "${1:-}" ;;
  esac
  tell_remark
  case $event:${3:-} in
  post-rewrite:*) take ;; # the end of a rebase as well
  post-checkout:0) ;;
  *) is_rebasing || take ;;
  esac
}

case $event in
post-*)
  note_event "$@"
  exit 0
  ;;
esac

# ---- messages: prepare-commit-msg and commit-msg ----------------------------------------------------------------------

# The task and the outside key that the branch names: feature/<id>-…, <id>/…, feature/<id>-PROJ-123-…
read_branch() {
  task=''
  key=''
  hex='[0123456789abcdef]'
  id=$hex$hex$hex$hex$hex$hex$hex$hex
  # shellcheck disable=SC2254 # patterns they are
  case $branch in
  feature/$id | feature/$id-*) slug=${branch#feature/} task=${branch#feature/} ;;
  $id/*) slug=${branch#*/} task=${branch%%/*} ;;
  *) return 1 ;;
  esac
  [ "$slug" != "$task" ] || task=${task%%-*} slug=${slug#????????}
  slug=${slug#-}
  project=${slug%%-*} number=${slug#*-}
  number=${number%%-*}
  case $project in
  [!ABCDEFGHIJKLMNOPQRSTUVWXYZ]* | *[!ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_]* | '' | ?) return 0 ;;
  esac
  case $number in
  *[!0123456789]* | '') ;;
  *) key=$project-$number ;;
  esac
}

is_somebody_editing() { [ "${GIT_EDITOR:-}" != : ]; }

# What starts a comment in the message FILE. With `auto` git chose it by the message and says so in its last line.
find_mark() {
  mark='#'
  is_somebody_editing || return # what is not edited keeps its comments, so nearly any will do
  mark=$(git config --get-regexp '^core\.comment(char|string)$')
  mark=${mark##* }
  [ "$mark" = auto ] || { mark=${mark:-#} && return; }
  last=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    ?' ------------------------ >8 ------------------------'*) last=$line && break ;;
    *[![:space:]]*) last=$line ;;
    esac
  done <"$1"
  mark=${last%"${last#?}"}
  case $mark in
  ['#;@!$%^&|:']) ;;
  *) mark='#' ;;
  esac
}

# The message FILE without comments, blank lines and what lies below the scissors.
read_message() {
  text=
  count=0
  find_mark "$1"
  issue=$nl # nothing begins with it; in what was given with -m a line of "#12" is of an issue, no comment
  is_somebody_editing || [ "${source:-}" != message ] || issue='#'
  while IFS= read -r line || [ -n "$line" ]; do
    count=$((count + 1))
    case $line in
    "$mark ------------------------ >8 ------------------------"*) break ;;
    "$issue"[0123456789]*) text=$text$line$nl ;;
    "$mark"*) ;;
    *[![:space:]]*) text=$text$line$nl ;;
    esac
  done <"$1"
}

# The trailers of the commits that a squash brings together, as words for git.
find_squashed() {
  squashed=
  while IFS= read -r line; do
    line=${line#"${line%%[! ]*}"}
    case $line in
    [Tt][Aa][Ss][Kk]-[Ii][Dd]:*) ;;
    *) continue ;;
    esac
    for value in ${line#*:}; do
      case $value in
      *[!0123456789abcdef]*) ;;
      *) squashed="$squashed$value " ;;
      esac
    done
  done <"$own/SQUASH_MSG"
}

add() {
  file=$1 && shift
  is_somebody_editing || mark=$(printf '\001') # no line is a comment then
  git -c "core.commentChar=$mark" -c trailer.separators=: interpret-trailers --in-place --no-divider \
    --where end --if-missing add "$@" "$file" >/dev/null
}

add_squashed() {
  find_squashed
  file=$1 && set --
  for value in $squashed; do set -- "$@" --trailer "Task-ID: $value"; done
  [ $# -eq 0 ] || add "$file" --if-exists addIfDifferent "$@"
}

# A subject and nothing else, as most messages on a command line are: git would write the very same.
is_plain() { [ "$count" -eq 1 ] && [ -z "$line" ] && [ -n "$text" ] && ! is_somebody_editing; }

# A whole line names the task wherever it stands.
is_named() {
  case $nl$text in
  *"$nl"[Tt][Aa][Ss][Kk]-[Ii][Dd]:*) ;;
  *) return 1 ;;
  esac
  for word in $text; do [ "$word" != "$task" ] || return 0; done
  return 1
}

add_task() {
  [ -n "$task" ] || return
  ! is_named || return
  is_plain && printf '\nTask-ID: %s\n%s' "$task" "${key:+Refs: $key$nl}" >>"$1" && return
  [ -z "$key" ] || set -- "$1" --if-exists addIfDifferent --trailer "Refs: $key"
  file=$1 && shift
  add "$file" --if-exists doNothing --trailer "Task-ID: $task" "$@"
}

is_ours_to_word() {
  [ "${2:-}" != merge ] && ! is_rebasing && ! [ -f "$own/CHERRY_PICK_HEAD" ] && ! [ -f "$own/REVERT_HEAD" ]
}

add_trailers() {
  case $text in
  '' | 'fixup!'* | 'squash!'* | 'amend!'* | 'Revert "'*) ;;
  *) if [ -f "$own/SQUASH_MSG" ]; then add_squashed "$1"; else add_task "$1"; fi ;;
  esac
}

# What is empty or a template yet, git refuses if it stays so: `finish` looks at what was written.
prepare() {
  source=${2:-}
  [ ! -f "$later" ] || rm -f "$later"
  is_ours_to_word "$@" || return
  read_branch || [ -f "$own/SQUASH_MSG" ] || return
  read_message "$1"
  if is_somebody_editing && { [ -z "$text" ] || [ "${2:-}" = template ]; }; then
    printf '%s' "$text" >"$later"
  else
    add_trailers "$1"
  fi
}

finish() {
  [ -f "$later" ] || return
  untouched=
  while IFS= read -r line; do untouched=$untouched$line$nl; done <"$later"
  rm -f "$later"
  read_branch
  read_message "$1"
  [ "$text" = "$untouched" ] || add_trailers "$1"
}

case $event in
prepare-commit-msg) prepare "$@" ;;
commit-msg) finish "$@" ;;
esac
exit 0
