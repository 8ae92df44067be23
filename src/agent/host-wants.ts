import type { PullOptions } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';
import type { Scope } from '../model/host-agent.ts';
import type { Assessment } from '../plan/assess.ts';
import type { Want } from '../plan/want.ts';
import { type Access, openAccess } from '../prefetch/access.ts';
import type { Survey } from '../prefetch/survey.ts';
import { type Binder, checkRead, type HostSurvey } from './survey-host.ts';

/** What of a host a job is about. */
export interface HostWants {
  /** Each name once; the first deployment that binds it says how it is pulled. */
  readonly survey: Survey;
  readonly access: Access;
}

/**
 * The images that a scope binds, or those of them that are named.
 * @param scope `deployments` is all that is on disk: `all` but for the candidate
 * @param images references, exactly as `Image=` has them; none means all
 * @throws Failure `Usage` for a reference that nothing in scope binds; why the store could not be read
 */
export function hostWants(
  hostSurvey: HostSurvey,
  scope: Scope | 'deployments',
  images: readonly string[],
): HostWants {
  checkRead(hostSurvey);
  const { inventory, binders } = hostSurvey;
  const inScope = binders.filter(
    ({ slot }) => scope === 'all' || slot === scope || (scope === 'deployments' && slot !== 'candidate'),
  );
  const byName = new Map<string, { readonly assessment: Assessment; readonly binder: Binder }>();
  for (const binder of inScope) {
    for (const assessment of binder.survey.assessments) {
      const { storeName } = assessment.want;
      if (!byName.has(storeName)) byName.set(storeName, { assessment, binder });
    }
  }
  const chosen = [...byName.values()].filter(
    ({ assessment: { want } }) => images.length === 0 || images.includes(want.image),
  );
  const unbound = images.find((image) => !chosen.some(({ assessment: { want } }) => want.image === image));
  if (unbound !== undefined) throw new Failure('Usage', `${unbound}: nothing in scope "${scope}" binds it`);
  return {
    survey: {
      inventory,
      assessments: chosen.map(({ assessment }) => assessment),
      problems: inScope.flatMap(({ survey }) => survey.problems),
    },
    access: accessByRoot(
      new Map(chosen.map(({ assessment: { want }, binder }) => [want, binder.deployment?.rootPath ?? '/'])),
    ),
  };
}

/** Every image is reached by the logins and certificates of the root that binds it. */
function accessByRoot(rootOf: ReadonlyMap<Want, string>): Access {
  const byRoot = new Map<string, Access>();
  const at = (rootPath: string): Access => {
    const access = byRoot.get(rootPath) ?? openAccess(rootPath, undefined);
    byRoot.set(rootPath, access);
    return access;
  };
  const of = (want: Want): Access => at(rootOf.get(want) ?? '/');
  const host = at('/');
  return {
    registry: host.registry,
    pullOfOsImage: host.pullOfOsImage,
    pullOptions: async (want): Promise<PullOptions> => of(want).pullOptions(want),
    resolve: async (want, signal) => of(want).resolve(want, signal),
    resolveDigest: async (want, signal) => of(want).resolveDigest(want, signal),
    async [Symbol.asyncDispose]() {
      await Promise.all([...byRoot.values()].map(async (access) => access[Symbol.asyncDispose]()));
    },
  };
}

/** What a verification of a scope is about: what nobody has staged yet is not looked for. */
export function verifyScope(scope: Scope): Scope | 'deployments' {
  return scope === 'all' ? 'deployments' : scope;
}
