/** Whether a command line that some text recommends could be typed: command, arguments and options as the program declares them. */
import type { Command } from 'commander';
import { Readable } from 'node:stream';
import { programOf } from '../../src/cli/cli.ts';
import { systemRuntime } from '../../src/core/runtime.ts';

const nowhere = { write: () => true };

const program = programOf({
  deps: {
    version: '0',
    startService: () => Promise.reject(new Error('not in this test')),
    checkEnvironment: () => Promise.resolve([]),
    openQuerySource: () => Promise.reject(new Error('not in this test')),
    readStandings: () => Promise.resolve(undefined),
  },
  io: {
    ...systemRuntime,
    stdin: Readable.from([]),
    stdout: nowhere,
    stderr: nowhere,
    env: {},
    directory: '/',
    readFile: () => '',
    onSignal: () => () => undefined,
    onFolderChange: () => () => undefined,
    kill: () => undefined,
  },
  exitCode: 0,
});

/** Throws, saying what is wrong with it. Options take their values with `=`. */
export function assertRunnable(line: string): void {
  const [first, ...words] = line.split(' ');
  if (first !== 'sluice') throw new Error(`"${line}" is not a command of sluice`);
  let command: Command = program;
  while (command.commands.length > 0) {
    const word = words.shift();
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) throw new Error(`"${line}": there is no command ${String(word)}`);
    command = next;
  }
  const given = words.filter((word) => !word.startsWith('-'));
  const declared = command.registeredArguments;
  const required = declared.filter((argument) => argument.required).length;
  if (given.length < required || given.length > declared.length)
    throw new Error(`"${line}": ${given.length} arguments, ${required} to ${declared.length} are taken`);
  for (const word of words.filter((candidate) => candidate.startsWith('-')))
    if (!command.options.some(({ long, short }) => [long, short].includes(word.replace(/=.*$/, ''))))
      throw new Error(`"${line}": there is no option ${word}`);
}
