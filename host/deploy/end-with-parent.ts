/**
 * A thread of the preparing process that ends it when its host is gone, however the host went: nobody
 * else would end a guest whose start function loops. A process whose parent has ended gets another one.
 */
const parent = process.ppid;

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, 250);
