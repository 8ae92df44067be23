// What the domain of the agent may do, and above all what it may not, in Debian's policy with the module in it. That the rules
// suffice is seen in test/machine.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Policy, buildPolicy } from './policy.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await buildPolicy();
}, 240_000);
afterAll(async () => policy[Symbol.asyncDispose]());

const agent = ['-s', 'boundimages_t'];
const change = 'write,append,create,unlink,rename,setattr';

test.for<[string, string, string, string]>([
  ['its own state', 'boundimages_var_lib_t', 'file', 'write'],
  ['downloads', 'boundimages_cache_t', 'file', 'create'],
  ['what others read of the host', 'boundimages_runtime_t', 'file', 'rename'],
  ['files of images', 'container_ro_file_t', 'file', 'create'],
  ['whiteouts', 'container_ro_file_t', 'chr_file', 'create'],
  ['records of the store', 'container_var_lib_t', 'file', 'write'],
  ['to watch what is bound', 'lib_t', 'dir', 'watch'],
  ['registries', 'http_port_t', 'tcp_socket', 'name_connect'],
  ['memory for compiled code', 'boundimages_t', 'process', 'execmem'],
])('it may: %s', async ([, target, className, permission]) => {
  const found = await policy.allowed(...agent, '-t', target, '-c', className, '-p', permission);
  expect(found.join('\n')).toContain(permission);
});

test.for<[string, string, string, string]>([
  ['passwords', 'shadow_t', 'file', 'open,read,write'],
  ["users' files", 'user_home_t', 'file', 'open,read,write'],
  ["users' folders", 'user_home_dir_t', 'dir', 'read,write'],
  ["root's files", 'user_home_t', 'dir', 'read,write'],
  ["users' keys", 'ssh_home_t', 'file', 'open,read,write'],
  ["the host's keys", 'sshd_key_t', 'file', 'open,read,write'],
  ['private keys of certificates', 'tls_privkey_t', 'file', 'open,read,write'],
  ['raw disks', 'fixed_disk_device_t', 'blk_file', 'open,read,write'],
  ['raw disks as characters', 'fixed_disk_device_t', 'chr_file', 'open,read,write'],
  ['memory', 'memory_device_t', 'chr_file', 'open,read,write'],
  ['nodes of images', 'container_ro_file_t', 'chr_file', 'open,read,write'],
  ['disks of images', 'container_ro_file_t', 'blk_file', 'open,read,write'],
  ['programs of the host', 'bin_t', 'file', change],
  ['its own program', 'boundimages_exec_t', 'file', change],
  ['libraries', 'lib_t', 'file', change],
  ['/usr', 'usr_t', 'file', change],
  ['/etc', 'etc_t', 'file', change],
  ['units', 'systemd_unit_t', 'file', change],
  ['the kernel image', 'boot_t', 'file', change],
  ['kernel modules', 'modules_object_t', 'file', change],
  ['the policy', 'security_t', 'security', 'load_policy,setenforce,setbool'],
  ['kernel parameters', 'sysctl_kernel_t', 'file', 'write'],
  ['logs of others', 'auditd_log_t', 'file', 'open,read'],
  ['other processes', 'init_t', 'process', 'ptrace,transition,sigkill'],
])('it may not: %s', async ([, target, className, permissions]) => {
  expect(await policy.allowed(...agent, '-t', target, '-c', className, '-p', permissions)).toEqual([]);
});

test('the kernel: no modules from anywhere, none of the capabilities that it has no use for', async () => {
  expect(await policy.allowed(...agent, '-c', 'system', '-p', 'module_load')).toEqual([]);
  const [rule = ''] = await policy.allowed(
    ...agent,
    '-t',
    'boundimages_t',
    '-c',
    'capability',
    '-p',
    'chown',
  );
  const [, list = ''] = /\{ (.*) \}/.exec(rule) ?? [];
  expect(list.split(' ').sort()).toEqual([
    'chown',
    'dac_override',
    'dac_read_search',
    'fowner',
    'fsetid',
    'mknod',
    'setfcap',
    'sys_admin',
    'sys_chroot',
  ]);
  expect(await policy.allowed(...agent, '-c', 'capability2')).toEqual([]);
});

test('doors: who comes in, and where it leads', async () => {
  const into = await policy.transitions('-t', 'boundimages_exec_t', '-c', 'process');
  expect(into.map((line) => /type_transition (\S+)/.exec(line)?.[1])).toContain('init_t');
  for (const line of into)
    expect(line).toMatch(/type_transition (?:init_t|initrc_t|\w*_systemd_t|sysadm_t|system_dbusd_t) /);
  const entry = await policy.allowed(...agent, '-c', 'file', '-p', 'entrypoint');
  expect(entry.map((line) => /allow boundimages_t (\S+):/.exec(line)?.[1])).toEqual(['boundimages_exec_t']);
});
