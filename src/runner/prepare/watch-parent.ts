/** A thread that ends its process once the process that started it is gone. */
import { workerData } from 'node:worker_threads';

const POLL_MS = 250;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, POLL_MS);
