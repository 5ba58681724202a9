/* Says hello, and gives JSON back that it has read. */
#include "faas.h"
#include "json.h"

static char body[64 * 1024];

static void hello(void)
{
    char name[256];

    if (!faas_query("name", name, sizeof name))
        strcpy(name, "hello");
    faas_respond(200, "text/plain; charset=utf-8");
    printf("Hello from %s\n", name);
}

static void json(void)
{
    size_t length = fread(body, 1, sizeof body - 1, stdin);
    struct json *value;

    body[length] = '\0';
    value = json_parse(body);
    if (value == NULL) {
        faas_respond(400, "text/plain; charset=utf-8");
        puts("not JSON");
        return;
    }
    faas_respond(200, "application/json");
    json_write(value, stdout);
}

int main(void)
{
    if (strcmp(faas_path(), "/") == 0) {
        hello();
    } else if (strcmp(faas_path(), "/json") == 0 && strcmp(faas_method(), "POST") == 0) {
        json();
    } else {
        faas_respond(404, "text/plain; charset=utf-8");
        puts("not found");
    }
    return faas_finish();
}
