/**
 * Ids of journal entries, systemd.journal-fields(7) "MESSAGE_ID=": made once with `systemd-id128 new`, never changed or used again.
 * docs/journal.md explains them and is tested against this table. Priorities are those of syslog(3).
 */
export const messageIds = {
  'boot-ready': { id: '790030d83f8a44bf946759fdb134dc76', priority: 6 },
  'boot-waiting': { id: '353e5c18566d46b8bbed0c12061cecd6', priority: 5 },
  'boot-blocked': { id: 'aa971e0433454b26bf9a26bc9910a05d', priority: 3 },
  'boot-unknown': { id: 'd916c1a33e0042308f111d481ad393f8', priority: 4 },
  'state-ready': { id: '8181991d805a469d97cce234cb04c297', priority: 6 },
  'state-incomplete': { id: '76fc689cb75341be98ccf1b33ba82872', priority: 4 },
  'state-damaged': { id: '6327fe09a91646bfa6e5f9592ecb26a7', priority: 3 },
  'state-unknown': { id: '249c9bdb57fa4e42a106bca16167c8d9', priority: 4 },
  'image-damaged': { id: '7227fddb9f954002a7e283df664a23e7', priority: 3 },
  'image-repaired': { id: '3892c61c67d84666b5de23b74e757f2b', priority: 5 },
  'repair-postponed': { id: '40bf7da7a5444c2fbce7fed5b6f4ae54', priority: 4 },
  'image-removed': { id: '51eb3521e2e74547921ee052f1ce0b66', priority: 6 },
  'staged-locked': { id: 'd4774664b930479980259c9486c78ee5', priority: 5 },
  'staged-unlocked': { id: '2a04d81a142a44eb961277059486d740', priority: 5 },
  'upgrade-alarm': { id: '7709aec614664463a24e9c77f22d1194', priority: 4 },
  'look-ahead-failed': { id: '97c19f09f30d4420ab471f78f909a0bd', priority: 4 },
  rebooting: { id: '3939503d9e37499b83dbf75f30c8917f', priority: 5 },
} as const satisfies Record<string, { readonly id: string; readonly priority: 3 | 4 | 5 | 6 }>;

export type MessageName = keyof typeof messageIds;
