/* {{name}}: answers HTTP requests as a CGI program. */
#include "faas.h"

static char chunk[64 * 1024];

static void hello(void)
{
    char name[256];

    if (!faas_query("name", name, sizeof name))
        strcpy(name, "{{name}}");
    faas_respond(200, "text/plain; charset=utf-8");
    printf("Hello from %s\n", name);
}

/* Sends the body back while it arrives. */
static void echo(void)
{
    const char *type = faas_header("content-type");
    size_t length;

    faas_respond(200, *type == '\0' ? "application/octet-stream" : type);
    while ((length = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        fwrite(chunk, 1, length, stdout);
}

int main(void)
{
    if (strcmp(faas_path(), "/") == 0) {
        hello();
    } else if (strcmp(faas_path(), "/echo") == 0 && strcmp(faas_method(), "POST") == 0) {
        echo();
    } else {
        faas_respond(404, "text/plain; charset=utf-8");
        puts("not found");
    }
    return faas_finish();
}
