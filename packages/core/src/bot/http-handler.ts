/** Answers a request; undefined leaves it to the next one. @internal */
export type Responder = (request: Request) => Promise<Response | undefined>;

/**
 * The answer of the first responder that has one, otherwise 404. One that throws is reported, and
 * strangers are told nothing of it. @internal
 */
export async function respond(
  responders: readonly Responder[],
  request: Request,
  report: (error: unknown) => void,
): Promise<Response> {
  try {
    for (const responder of responders) {
      const response = await responder(request);
      if (response !== undefined) return response;
    }
    return jsonResponse(404, { status: 'notFound' });
  } catch (error) {
    report(error);
    return jsonResponse(500, { status: 'failed' });
  }
}

/** What nobody may keep. @internal */
export function jsonResponse(status: number, body: object): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
}
