/**
 * The parts of a Spin manifest (version 2, of Spin 2 and 3) that mean something here. Keys that are not in it are
 * reported, not refused: the format is not ours, and grows.
 *
 * @see https://spinframework.dev/manifest-reference
 */
import { z } from 'zod';

const strings = z.array(z.string('a text'), 'a list of texts');

const trigger = z.looseObject({
  route: z.union([z.string(), z.looseObject({ private: z.boolean() })], 'a route').optional(),
  component: z
    .union([z.string(), z.looseObject({})], 'the id of a component, or one written in place')
    .optional(),
  executor: z.looseObject({ type: z.string('a text') }, 'a table with "type"').optional(),
});

const component = z.looseObject(
  {
    source: z.union(
      [z.string(), z.looseObject({ url: z.string() })],
      'the path of a component, or a table with "url"',
    ),
    description: z.string().optional(),
    environment: z.record(z.string(), z.string('a text'), 'a table of texts').optional(),
    variables: z.record(z.string(), z.string('a text'), 'a table of texts').optional(),
    allowed_outbound_hosts: strings.optional(),
    allowed_http_hosts: strings.optional(),
    key_value_stores: strings.optional(),
    files: z
      .array(
        z.union([z.string(), z.looseObject({ source: z.string(), destination: z.string() })]),
        'a list of paths or tables of source and destination',
      )
      .optional(),
    build: z
      .looseObject({
        command: z.union([z.string(), strings], 'a command line, or a list of them'),
        workdir: z.string('a path').optional(),
        watch: strings.optional(),
      })
      .optional(),
  },
  'a table',
);

/** The manifest. */
export const spinSchema = z.looseObject({
  spin_manifest_version: z.literal(2, 'the number 2'),
  application: z.looseObject({ name: z.string('a text') }, 'a table with "name"'),
  variables: z
    .record(
      z.string(),
      z.looseObject({
        default: z.string('a text').optional(),
        required: z.boolean('true or false').optional(),
        secret: z.boolean('true or false').optional(),
      }),
    )
    .optional(),
  trigger: z.record(
    z.string(),
    z.union([z.array(trigger), z.unknown()], 'a list of triggers'),
    'a table of triggers',
  ),
  component: z.record(z.string(), component, 'a table of components').default({}),
});

/** Its HTTP triggers, read apart because other kinds have other forms. */
export const httpTriggersSchema = z.array(trigger, 'a list of triggers');

export type SpinManifest = z.infer<typeof spinSchema>;
export type SpinComponent = SpinManifest['component'][string];
export type SpinTrigger = z.infer<typeof trigger>;
