/** Whether systemd started this very process, with what our unit sets up for it (systemd.exec(5), "$SYSTEMD_EXEC_PID"). */
export function isUnit(): boolean {
  return process.env['SYSTEMD_EXEC_PID'] === String(process.pid);
}
