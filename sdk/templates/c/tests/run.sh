# Calls the program as CGI does, and compares its answers. Usage: sh tests/run.sh PROGRAM
program=$1
failed=0

check() {
    if [ "$2" = "$3" ]; then echo "ok - $1"; else echo "not ok - $1: $2"; failed=1; fi
}

answer=$(REQUEST_METHOD=GET PATH_INFO=/ QUERY_STRING='name=you+%26+me' "$program" </dev/null)
check 'says hello' "$answer" 'Status: 200
Content-Type: text/plain; charset=utf-8

Hello from you & me'

answer=$(printf abc | REQUEST_METHOD=POST PATH_INFO=/echo CONTENT_TYPE=text/x "$program")
check 'sends the body back' "$answer" 'Status: 200
Content-Type: text/x

abc'

answer=$(REQUEST_METHOD=GET PATH_INFO=/nothing "$program" </dev/null | head -n 1)
check 'knows no other path' "$answer" 'Status: 404'

exit $failed
