/*
 * Upper case as a CGI program in C: reads the request's body from stdin and writes it to stdout in
 * capitals. A GET or HEAD request has no body: it gets its own request line in capitals.
 *
 * Built as a WASI preview1 core module; the host adapts it when it is deployed.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char chunk[64 * 1024];

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

static void put_upper(const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++)
        putchar(toupper((unsigned char)text[i]));
}

static void put_request_line(const char *method)
{
    const char *path = variable("PATH_INFO");
    const char *query = variable("QUERY_STRING");

    put_upper(method, strlen(method));
    putchar(' ');
    put_upper(path, strlen(path));
    if (*query != '\0') {
        putchar('?');
        put_upper(query, strlen(query));
    }
    putchar('\n');
}

int main(void)
{
    const char *method = variable("REQUEST_METHOD");
    size_t length;

    fputs("Content-Type: text/plain; charset=utf-8\n\n", stdout);
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        put_request_line(method);
    } else {
        while ((length = fread(chunk, 1, sizeof chunk, stdin)) > 0)
            put_upper(chunk, length);
    }
    return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
