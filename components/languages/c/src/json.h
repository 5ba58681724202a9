/*
 * JSON text to a tree of values, and back. Strings are kept as they were written, escapes and all; nothing is freed,
 * because the program ends with its request.
 */
#ifndef JSON_H
#define JSON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH 256

/* A value: one of a list of members or items, each after the other by `next`. */
struct json {
    enum { JSON_TEXT, JSON_STRING, JSON_NUMBER, JSON_ARRAY, JSON_OBJECT } kind;
    /* A string without its quotes, or `true`, `false` and `null`. */
    const char *text;
    size_t length;
    double number;
    /* Key of a member of an object. */
    struct json *key;
    struct json *first, *next;
};

static struct json *json_value(const char **at, int depth);

static void json_skip(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

static struct json *json_make(int kind)
{
    struct json *value = calloc(1, sizeof *value);

    if (value != NULL)
        value->kind = kind;
    return value;
}

static struct json *json_string(const char **at)
{
    struct json *value = json_make(JSON_STRING);
    const char *end = *at + 1;

    if (value == NULL || **at != '"')
        return NULL;
    for (; *end != '"'; end++) {
        if ((unsigned char)*end < ' ')
            return NULL;
        if (*end == '\\' && strchr("\"\\/bfnrtu", *++end) == NULL)
            return NULL;
        if (*end == '\0')
            return NULL;
    }
    value->text = *at + 1;
    value->length = (size_t)(end - value->text);
    *at = end + 1;
    return value;
}

/* Members of an object or items of an array, up to the bracket that ends them. */
static struct json *json_list(const char **at, int kind, int depth)
{
    struct json *list = json_make(kind), **place;
    const char end = kind == JSON_OBJECT ? '}' : ']';

    if (list == NULL || depth == 0)
        return NULL;
    place = &list->first;
    ++*at;
    json_skip(at);
    while (**at != end) {
        struct json *key = NULL;
        if (place != &list->first && *(*at)++ != ',')
            return NULL;
        json_skip(at);
        if (kind == JSON_OBJECT) {
            key = json_string(at);
            json_skip(at);
            if (key == NULL || *(*at)++ != ':')
                return NULL;
        }
        *place = json_value(at, depth - 1);
        if (*place == NULL)
            return NULL;
        (*place)->key = key;
        place = &(*place)->next;
        json_skip(at);
    }
    ++*at;
    return list;
}

static struct json *json_value(const char **at, int depth)
{
    static const char *const words[] = { "true", "false", "null" };
    struct json *value;
    char *end;
    size_t word;

    json_skip(at);
    if (**at == '{' || **at == '[')
        return json_list(at, **at == '{' ? JSON_OBJECT : JSON_ARRAY, depth);
    if (**at == '"')
        return json_string(at);
    for (word = 0; word < 3; word++) {
        size_t length = strlen(words[word]);
        if (strncmp(*at, words[word], length) != 0)
            continue;
        value = json_make(JSON_TEXT);
        if (value != NULL) {
            value->text = words[word];
            value->length = length;
        }
        *at += length;
        return value;
    }
    if (**at == '\0' || strchr("-0123456789", **at) == NULL)
        return NULL;
    value = json_make(JSON_NUMBER);
    if (value == NULL)
        return NULL;
    value->number = strtod(*at, &end);
    *at = end;
    return value;
}

/* The value that a text is; NULL where it is none. The text must stay as long as the value. */
static struct json *json_parse(const char *text)
{
    struct json *value = json_value(&text, JSON_DEPTH);

    json_skip(&text);
    return *text == '\0' ? value : NULL;
}

static void json_write(const struct json *value, FILE *to)
{
    const struct json *one;

    switch (value->kind) {
    case JSON_TEXT:
        fwrite(value->text, 1, value->length, to);
        break;
    case JSON_STRING:
        fprintf(to, "\"%.*s\"", (int)value->length, value->text);
        break;
    case JSON_NUMBER:
        fprintf(to, "%.17g", value->number);
        break;
    default:
        putc(value->kind == JSON_OBJECT ? '{' : '[', to);
        for (one = value->first; one != NULL; one = one->next) {
            if (one->key != NULL)
                fprintf(to, "\"%.*s\":", (int)one->key->length, one->key->text);
            json_write(one, to);
            if (one->next != NULL)
                putc(',', to);
        }
        putc(value->kind == JSON_OBJECT ? '}' : ']', to);
    }
}

#endif
