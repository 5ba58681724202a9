/*
 * A function in C: a program that reads a request from its environment and stdin, and writes the answer to stdout,
 * as CGI/1.1 (RFC 3875) has it. One file, only wasi-libc; everything is static, so no other file need be compiled.
 *
 *     #include "faas.h"
 *
 *     int main(void)
 *     {
 *         faas_respond(200, "text/plain; charset=utf-8");
 *         printf("Hello from %s\n", faas_path());
 *         return faas_finish();
 *     }
 *
 * Built for WASI preview1 (clang --target=wasm32-wasi); the host adapts it when it is deployed.
 */
#ifndef FAAS_H
#define FAAS_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAAS_UNUSED __attribute__((unused))

/* A variable of the request or of the function's environment; "" where there is none. Never NULL. */
FAAS_UNUSED static const char *faas_variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

/* The method, like "GET". */
FAAS_UNUSED static const char *faas_method(void)
{
    return faas_variable("REQUEST_METHOD");
}

/* The decoded path below the function's route; starts with a slash. */
FAAS_UNUSED static const char *faas_path(void)
{
    const char *path = faas_variable("PATH_INFO");
    return *path == '\0' ? "/" : path;
}

/* A header of the request, its name in any case; "" where there is none. Names are shorter than 120 bytes. */
FAAS_UNUSED static const char *faas_header(const char *name)
{
    char variable[128] = "HTTP_";
    size_t at = 5;

    for (; *name != '\0' && at + 1 < sizeof variable; name++) {
        char c = *name;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        variable[at++] = c == '-' ? '_' : c;
    }
    if (*name != '\0')
        return "";
    variable[at] = '\0';
    if (strcmp(variable, "HTTP_CONTENT_TYPE") == 0 || strcmp(variable, "HTTP_CONTENT_LENGTH") == 0)
        return faas_variable(variable + 5);
    return faas_variable(variable);
}

FAAS_UNUSED static int faas_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/*
 * Copies the first value of a query parameter to `value`, decoded and ended by a NUL. Names are compared as they
 * were sent. Returns 1, or 0 where there is none or it does not fit into `size` bytes: `value` is "" then.
 */
FAAS_UNUSED static int faas_query(const char *name, char *value, size_t size)
{
    const char *at = faas_variable("QUERY_STRING");
    size_t length = strlen(name);

    if (size == 0)
        return 0;
    for (; *at != '\0'; at += *at == '&') {
        size_t used = 0;
        if (strncmp(at, name, length) != 0 || strchr("=&", at[length]) == NULL) {
            at += strcspn(at, "&");
            continue;
        }
        at += length + (at[length] == '=');
        while (*at != '\0' && *at != '&' && used + 1 < size) {
            int high = *at == '%' ? faas_hex(at[1]) : -1;
            int low = high >= 0 ? faas_hex(at[2]) : -1;
            value[used++] = low >= 0 ? (char)(high << 4 | low) : *at == '+' ? ' ' : *at;
            at += low >= 0 ? 3 : 1;
        }
        value[*at == '\0' || *at == '&' ? used : 0] = '\0';
        return *at == '\0' || *at == '&';
    }
    value[0] = '\0';
    return 0;
}

/* Begins the answer. More headers may follow with faas_respond_header, before faas_body. */
FAAS_UNUSED static void faas_begin(int status)
{
    printf("Status: %d\n", status);
}

/* One header of the answer. A line break in it would begin another one: it ends the value. */
FAAS_UNUSED static void faas_respond_header(const char *name, const char *value)
{
    printf("%s: %.*s\n", name, (int)strcspn(value, "\r\n"), value);
}

/* Ends the headers: what is written to stdout from here is the body. */
FAAS_UNUSED static void faas_body(void)
{
    putchar('\n');
}

/* Begins an answer that needs no other header. */
FAAS_UNUSED static void faas_respond(int status, const char *content_type)
{
    faas_begin(status);
    faas_respond_header("Content-Type", content_type);
    faas_body();
}

/*
 * What main() returns: 0, or 1 where the body could not be read or the answer not be written, which breaks the
 * answer off instead of leaving half of it looking whole.
 */
FAAS_UNUSED static int faas_finish(void)
{
    return ferror(stdin) || fflush(stdout) != 0 || ferror(stdout) ? 1 : 0;
}

#endif
