/** `PUT` and `HEAD /v1/artifacts/:digest`: bytes come in as a stream and are kept under their digest. */
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { HostError } from '../base/errors.ts';
import { parseDigest } from '../base/ids.ts';
import type { AdminParts } from './admin-parts.ts';
import { serveOperation } from './api/serve-operation.ts';

/** Adds the routes, in a scope of their own where a body is a stream of any content type. */
export async function registerArtifactRoutes(
  parent: FastifyInstance,
  { config, artifacts, collector }: AdminParts,
): Promise<void> {
  const limit = Math.max(config.deploy.artifactBytes, config.deploy.snapshotBytes);
  await parent.register(async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, body, done) => done(null, body));

    serveOperation(app, 'PUT /v1/artifacts/{digest}', async (request) => {
      const digest = parseDigest(request.params.digest);
      // What is refused here is not read: Node discards it after the answer.
      if (Number(request.headers['content-length'] ?? 0) > limit) {
        throw new HostError('artifact_too_large', { limit });
      }
      collector.collectLater();
      return artifacts.put(chunksOf(request.body as Readable | undefined), limit, digest);
    });

    serveOperation(app, 'HEAD /v1/artifacts/{digest}', async (request, reply) => {
      const digest = parseDigest(request.params.digest);
      // Damaged bytes count as missing: the upload that follows then mends them.
      return reply.code((await artifacts.isIntact(digest)) ? 200 : 404).send();
    });
  });
}

/** The body's chunks. The stream is not destroyed when the reader stops: its socket is for the answer. */
async function* chunksOf(body: Readable | undefined): AsyncGenerator<Uint8Array, void, void> {
  if (body === undefined) return;
  const chunks = body.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw new HostError('upload_broken', {}, { cause: error });
    });
    if (next.done === true) return;
    yield next.value as Uint8Array;
  }
}
