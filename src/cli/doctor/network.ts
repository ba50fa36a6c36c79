import { readHubEnvironment, runnerEnvironment } from '../../config.ts';
import { readHubFacts } from '../hub-facts.ts';
import { type Check, checksOf } from './check.ts';

const { ok, warning } = checksOf('network');

/** Whom this program may ask, and whom it does not. */
export async function checkNetwork(offlineFlag: boolean): Promise<readonly Check[]> {
  const environment = readHubEnvironment();
  const facts = new Map((await readHubFacts(environment)).map(({ name, value }) => [name, value]));
  const fact = (name: string) => facts.get(name) ?? 'not known';
  const offline = offlineFlag || environment.offline;
  const proxies = ['http-proxy', 'https-proxy'].map((name) => fact(name));
  return [
    checkHosts(fact('endpoint'), offline),
    ok('token', fact('token')),
    ok('proxy', proxies.every((proxy) => proxy === 'none') ? 'none' : `http ${proxies[0]}, https ${proxies[1]}`),
    runnerEnvironment({})['ORT_DISABLE_TELEMETRY'] === '1'
      ? ok('telemetry', 'none of our own; ONNX Runtime’s is off (ORT_DISABLE_TELEMETRY=1)')
      : warning('telemetry', 'ONNX Runtime’s is on', 'Set ORT_DISABLE_TELEMETRY=1, and report this: it should be off.'),
  ];
}

function checkHosts(endpoint: string, offline: boolean): Check {
  if (offline) return ok('hosts', 'none: offline');
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : undefined;
  if (host === undefined) {
    return warning('hosts', `HF_ENDPOINT is no address: ${endpoint}`, 'Correct it, or unset it for https://huggingface.co.');
  }
  return ok('hosts', `${host}, and where it sends to for large files`);
}
