#!/system/bin/sh
# su [USER [COMMAND ARG…]] as in AOSP; su [USER] -c COMMAND as elsewhere. USER is a name or a number.

user=root
if [[ $# -gt 0 && $1 != -c ]]; then
    user=$1
    shift
fi
if [[ $1 == -c ]]; then
    shift
    set -- /system/bin/sh -c "$1"
fi
[[ $# -eq 0 ]] && set -- /system/bin/sh
if [[ $user == +([0-9]) ]]; then
    exec /system/bin/really -I "$user" -z -G "$user" -- "$@"
fi
exec /system/bin/really -u "$user" -- "$@"
