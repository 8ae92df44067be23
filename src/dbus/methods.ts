import { Failure } from '../model/failure.ts';
import type { HostAgent, JobRequest, PlanReport } from '../model/host-agent.ts';
import type { Action, Authority } from './authorize.ts';
import { recordValue, signed, unsigned } from './describe.ts';
import { type Refusal, refusalOf, refuse } from './error-names.ts';
import type { Message } from './message.ts';
import { imagePath, jobPath } from './object-path.ts';
import { type BusObject, jobInterface, managerInterface } from './objects.ts';
import { type Options, readOptions } from './read-options.ts';
import { type Dictionary, type Value, variant } from './value.ts';

export interface Request {
  readonly object: BusObject;
  /** Of the types that the interface says: checked. */
  readonly args: readonly Value[];
  readonly call: Message;
}

/** Values of the method's out arguments, or their bytes, or a refusal. */
export type Answer = readonly Value[] | Buffer | Refusal;

/** One that only reads answers at once: what it read is older than any change that is told before it is sent. @throws Failure */
export type Handler = (request: Request) => Answer | Promise<Answer>;

/** The methods of our own interfaces, by `INTERFACE.MEMBER`. @param leaving aborted once the service is on its way out: no job begins then */
export function createMethods(
  agent: HostAgent,
  authority: Authority,
  leaving: AbortSignal,
): ReadonlyMap<string, Handler> {
  const startJob = async (
    { call }: Request,
    action: Action,
    options: Options | Refusal,
    request: (options: Options) => JobRequest,
  ): Promise<readonly Value[] | Refusal> => {
    if (isRefusal(options)) return options;
    const refusal = await authority.check(action, call);
    if (refusal !== undefined) return refusal;
    const uid = await authority.uidOf(call.sender ?? '');
    if (uid === undefined) throw new Failure('Cancelled', 'the caller has left');
    await agent.prepare();
    // From here to the answer nothing waits, so leaving cannot begin in between.
    if (leaving.aborted)
      throw new Failure('Busy', 'the service is about to end; call again, and it starts anew');
    const { id } = agent.start(request(options), uid);
    return [id, jobPath(id)];
  };
  const allowed = async (
    { call }: Request,
    action: Action,
    options: Options | Refusal,
    run: () => Promise<readonly Value[]>,
  ): Promise<readonly Value[] | Refusal> =>
    isRefusal(options) ? options : ((await authority.check(action, call)) ?? run());

  const manager: Record<string, Handler> = {
    Refresh: (request) =>
      allowed(request, 'refresh', optionsAt(request, 0), async () => {
        await agent.refresh();
        return [];
      }),
    GetImage: ({ args: [reference] }) => {
      const image = agent.state().images.find((image) => image.reference === reference);
      if (image === undefined) throw new Failure('NotFound', 'no deployment binds an image of that name');
      return [imagePath(image.reference)];
    },
    GetHistory: (request) => {
      const options = optionsAt(request, 0);
      return isRefusal(options) ? options : [agent.history().map(recordValue)];
    },
    Plan: (request) =>
      allowed(request, 'refresh', optionsAt(request, 1), async () =>
        planValues(await agent.plan(request.args[0] as string)),
      ),
    Prefetch: (request) =>
      startJob(request, 'prefetch', prefetchOptions(request), ({ scope, flags, osImage }) => ({
        operation: 'prefetch',
        images: request.args[0] as string[],
        scope,
        scheduled: flags.has('scheduled'),
        ...(osImage === '' ? {} : { osImage }),
      })),
    Verify: (request) =>
      startJob(
        request,
        // To repair is to fetch.
        wants(request, 1, 'repair') ? 'prefetch' : 'verify',
        optionsAt(request, 1, { scope: true, flags: ['deep', 'repair'] }),
        ({ scope, flags }) => ({
          operation: 'verify',
          images: request.args[0] as string[],
          scope,
          deep: flags.has('deep'),
          repair: flags.has('repair'),
        }),
      ),
    CollectGarbage: (request) =>
      startJob(request, 'gc', optionsAt(request, 0, { flags: ['dry-run'] }), ({ flags }) => ({
        operation: 'gc',
        dryRun: flags.has('dry-run'),
      })),
    Upgrade: (request) =>
      startJob(request, 'upgrade', optionsAt(request, 0, { flags: ['apply'] }), ({ flags }) => ({
        operation: 'upgrade',
        apply: flags.has('apply'),
      })),
  };
  const job: Record<string, Handler> = {
    Cancel: async (request) => {
      const { object, call } = request;
      const options = optionsAt(request, 0);
      if (isRefusal(options)) return options;
      if (object.kind !== 'job') throw new Failure('NotFound', 'it is no job');
      const own = (await authority.uidOf(call.sender ?? '')) === object.job.startedByUid;
      const refusal = own ? undefined : await authority.check('cancel', call);
      if (refusal !== undefined) return refusal;
      agent.cancel(object.job.id);
      return [];
    },
  };
  const named = (prefix: string, handlers: Record<string, Handler>): [string, Handler][] =>
    Object.entries(handlers).map(([member, handler]) => [`${prefix}.${member}`, handler]);
  return new Map([...named(managerInterface, manager), ...named(jobInterface, job)]);
}

export function isRefusal(value: object): value is Refusal {
  return 'kind' in value && value.kind === 'refusal';
}

/** What a thrown failure says to a caller: its text where we wrote it, none of what a defect says. */
export function refusalTo(failure: Failure): Refusal {
  return failure.code === 'Internal'
    ? refusalOf(new Failure('Internal', 'an internal error; the journal of bound-images.service says more'))
    : refusalOf(failure);
}

function optionsAt(
  request: Request,
  index: number,
  known?: Parameters<typeof readOptions>[1],
): Options | Refusal {
  return readOptions(request.args[index] as Dictionary, known);
}

/** An OS image's own bound set is all of it: there is nothing to choose by scope or reference. */
function prefetchOptions(request: Request): Options | Refusal {
  const options = optionsAt(request, 1, { scope: true, osImage: true, flags: ['scheduled'] });
  if (isRefusal(options) || options.osImage === '') return options;
  return options.scope === 'all' && (request.args[0] as string[]).length === 0
    ? options
    : refuse('InvalidArgs', 'option os-image stands alone: without images and scope');
}

function wants({ args }: Request, index: number, flag: string): boolean {
  return (args[index] as Dictionary).get(flag)?.value === true;
}

function planValues(report: PlanReport): readonly Value[] {
  const images = report.images.map((image) => [
    image.reference,
    image.digest ?? '',
    image.state,
    signed(image.bytesToFetch),
    signed(image.bytesOnDisk),
  ]);
  const summary = new Map([
    ['os-image', variant('s', report.osImage)],
    ['digest', variant('s', report.osImageDigest ?? '')],
    ['version', variant('s', report.version ?? '')],
    ['bytes-to-fetch', variant('t', unsigned(report.bytesToFetch))],
    ['bytes-on-disk', variant('t', unsigned(report.bytesOnDisk))],
  ]);
  return [images, summary];
}
