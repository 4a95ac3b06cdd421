'use strict';

// A program that shares a login by the locks of proper-lockfile, as Claude Code is reported to. Takes a command per line and replies a line
// each, as the children of the tests do: create, get, hold, try, release, refreshes, compromised. Percent-encoded settings; '& tag command'
// runs beside others, 'at milliseconds command' at that moment.
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const readline = require('readline');
const lockfile = require('proper-lockfile');

let settings;
let refreshes = 0;
let compromised = 0;
let held = [];

const fingerprint = (token) => crypto.createHash('sha256').update(token).digest('hex').slice(0, 16);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function read() {
  const document = JSON.parse(fs.readFileSync(settings.path, 'utf8'));
  return { document, login: document.claudeAiOauth };
}

const isValid = (login) => login.expiresAt > Date.now() + 10000;

async function acquire(retries) {
  const folder = path.dirname(settings.path);
  const options = {
    stale: Number(settings.stale),
    update: Number(settings.update),
    retries: { retries, minTimeout: 20, maxTimeout: 40 },
    onCompromised: () => { compromised++; },
  };
  // The package keeps its locks by the name of what is locked, so each needs its own.
  const releases = [await lockfile.lock(path.join(folder, '.oauth_refresh'), { ...options, realpath: false })];
  try {
    releases.push(await lockfile.lock(folder, options));
  } catch (error) {
    await release(releases);
    throw error;
  }

  return releases;
}

async function release(releases) {
  for (const one of releases.reverse()) {
    await one().catch((error) => { if (error.code !== 'ERELEASED') throw error; });
  }
}

function post(refreshToken) {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'tests' }).toString();
  return new Promise((resolve, reject) => {
    const request = http.request(
      settings.endpoint,
      {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': Buffer.byteLength(body),
          'X-Sender': 'node',
        },
      },
      (response) => {
        let text = '';
        response.on('data', (part) => { text += part; });
        response.on('end', () => response.statusCode === 200
          ? resolve(JSON.parse(text))
          : reject(new Error(`the token endpoint answered ${response.statusCode}`)));
      });
    request.on('error', reject);
    request.end(body);
  });
}

async function refresh(login, document) {
  const answer = await post(login.refreshToken);
  refreshes++;
  login.accessToken = answer.access_token;
  login.refreshToken = answer.refresh_token;
  login.expiresAt = Date.now() + answer.expires_in * 1000;
  const temp = `${settings.path}.node.${process.pid}`;
  fs.writeFileSync(temp, JSON.stringify(document), { mode: 0o600 });
  fs.renameSync(temp, settings.path);
}

async function get() {
  let { login } = read();
  if (!isValid(login)) {
    const releases = await acquire(2000);
    try {
      const again = read();
      login = again.login;
      if (!isValid(login)) {
        await refresh(login, again.document);
      }
    } finally {
      await release(releases);
    }
  }

  return `fingerprints=${fingerprint(login.accessToken)} distinct=1 failures=0`;
}

// Tries to take the first lock as long as it is told to.
async function tryFor(milliseconds) {
  const first = path.join(path.dirname(settings.path), '.oauth_refresh');
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    try {
      await (await lockfile.lock(first, { stale: Number(settings.stale), realpath: false }))();
      return 'had';
    } catch (error) {
      if (error.code !== 'ELOCKED') throw error;
    }

    await sleep(25);
  }

  return 'refused';
}

const commands = {
  create: async (words) => {
    settings = Object.fromEntries(words.map((word) => word.split('=')).map(([key, value]) => [key, decodeURIComponent(value)]));
    return '';
  },
  get,
  hold: async () => { held = await acquire(2000); return ''; },
  'hold-second': async () => {
    const options = { stale: Number(settings.stale), update: Number(settings.update) };
    held = [await lockfile.lock(path.dirname(settings.path), options)];
    return '';
  },
  release: async () => { await release(held); return ''; },
  try: (words) => tryFor(Number(words[0])),
  refreshes: async () => String(refreshes),
  compromised: async () => String(compromised),
};

async function run(words, tag) {
  try {
    if (words[0] === 'at') {
      await sleep(Math.max(0, Number(words[1]) - Date.now()));
      words = words.slice(2);
    }

    console.log(`${tag}ok ${await commands[words[0]](words.slice(1))}`.trimEnd());
  } catch (error) {
    console.log(`${tag}error ${error.code || error.name} ${error.message}`);
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const words = line.split(' ');
  if (words[0] === '&') {
    run(words.slice(2), `${words[1]} `);
  } else {
    run(words, '');
  }
}).on('close', () => process.exit(0));
console.log('ready');
