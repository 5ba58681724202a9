/*
 * The request as JSON, as a CGI program in C on the SDK's header: method, path, query parameter "name", content type,
 * and the body as a string.
 *
 * Built as a WASI preview1 core module; the host adapts it when it is deployed.
 */
#include "faas.h"

/* The body as text; what is longer is cut there, which "cut" tells. */
static char body[64 * 1024];

static void put_string(const char *text, size_t length)
{
    size_t i;

    putchar('"');
    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put_member(const char *name, const char *value)
{
    printf("\"%s\":", name);
    put_string(value, strlen(value));
    putchar(',');
}

int main(void)
{
    char name[256];
    size_t length = fread(body, 1, sizeof body, stdin);

    faas_respond(200, "application/json");
    putchar('{');
    put_member("method", faas_method());
    put_member("path", faas_path());
    if (faas_query("name", name, sizeof name))
        put_member("name", name);
    put_member("contentType", faas_header("content-type"));
    printf("\"body\":");
    put_string(body, length);
    printf(",\"cut\":%s}\n", feof(stdin) ? "false" : "true");
    return faas_finish();
}
