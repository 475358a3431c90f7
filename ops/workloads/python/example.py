#!/usr/bin/python3
"""A workload in Python: the game of Nim, learnt by counting. Copy it and put your own game in.

A node runs this program once per job, as workload.toml beside it says. What it may rely on, and
what it owes, is the whole contract:

  in    the command line, as written in workload.toml, and the environment: RINGRIFT_WORK_ID,
        RINGRIFT_FENCE, RINGRIFT_CONFIG, RINGRIFT_MODEL, RINGRIFT_OUTPUT_DIR, RINGRIFT_SEED,
        RINGRIFT_GPUS, RINGRIFT_TRACEPARENT and RINGRIFT_CHANNEL
  news  while it works: JSON frames to the ZeroMQ endpoint RINGRIFT_CHANNEL, or lines on stdout
  out   files in --out, and last, by rename, result.json that names them with their SHA-256
  end   exit code 0 with a result.json; else a sentence on stderr and no result.json
  stop  SIGTERM may come at any time: leave nothing half written, and just die

Needs python3-numpy and, for the channel, python3-zmq. By hand:

  ./example.py selfplay --config nim21_2p --model init --games 200 --seed 1 --out play
  echo play/games-1.jsonl > games.txt
  ./example.py export --config nim21_2p --inputs games.txt --out export
  echo export/samples.npz > samples.txt
  ./example.py train --config nim21_2p --model init --inputs samples.txt --seed 1 --out train
  ./example.py match --config nim21_2p --candidate train/model.npz --baseline init \\
      --pairs 50 --seed 1 --out match
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import sys
import time
import zipfile

import numpy

TAKES = (1, 2, 3)  # A move takes so many stones off the heap. Whoever takes the last one wins.


# --- The game and the learner: yours will be longer. ----------------------------------------------


def best_take(table, heap, chance):
    """The take with the best known result; among equals, by chance."""
    legal = [take for take in TAKES if take <= heap]
    most = max(table[heap, take] for take in legal)
    return chance.choice([take for take in legal if table[heap, take] == most])


def play(tables, heap, chance, curiosity=0.0):
    """One game; `tables` by side. Returns [(heap, take), ...]; the last mover has won."""
    moves = []
    while heap > 0:
        explores = chance.random() < curiosity
        legal = [take for take in TAKES if take <= heap]
        table = tables[len(moves) % 2]
        take = chance.choice(legal) if explores else best_take(table, heap, chance)
        moves.append((heap, take))
        heap -= take
    return moves


def heap_of(config):
    """nim21_2p is played with heaps of up to 21 stones."""
    if not (config.startswith("nim") and config.endswith("_2p") and config[3:-3].isdigit()):
        sys.exit(f"example.py: config {config} is not like nim21_2p; correct workload.toml")
    return int(config[3:-3])


# --- The contract: keep this part. ----------------------------------------------------------------


class Progress:
    """Says how far the job is, at most four times a second, and never waits for a listener."""

    def __init__(self):
        self.socket, self.last = None, 0.0
        if channel := os.environ.get("RINGRIFT_CHANNEL"):
            import zmq

            self.socket = zmq.Context.instance().socket(zmq.PUSH)
            self.socket.setsockopt(zmq.LINGER, 200)  # Milliseconds that an exit may take.
            self.socket.connect(channel)

    def report(self, done, total):
        if done != total and time.monotonic() - self.last < 0.25:
            return
        self.last = time.monotonic()
        report = {"progress_ppm": done * 1_000_000 // total, "games": done}
        if self.socket is None:
            print(json.dumps(report), flush=True)
            return
        # The fence says which claim of the work this is: a report of a lost claim counts nothing.
        report["work"] = os.environ.get("RINGRIFT_WORK_ID", "")
        report["fence"] = int(os.environ.get("RINGRIFT_FENCE") or 0)
        import zmq

        try:
            self.socket.send_json(report, zmq.DONTWAIT)
        except zmq.Again:
            pass  # Nobody takes them: dropped.


def write_whole(path, write):
    """Lets `write` fill a temporary file, then gives it its name: there is no half a file, ever."""
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)


def finish(out, facts, name, write, **counts):
    """Writes the job's file, and last its result.json: the proof that the job is done.

    `counts` joins the file's entry: games=N says that these are games to learn from.
    """
    write_whole(out / name, write)
    content = (out / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    facts["files"] = [{"name": name, "sha256": digest, "bytes": len(content), **counts}]
    if facts["type"] == "training":
        facts["model"] = digest  # A model is named by its file's digest, everywhere.
    write_whole(out / "result.json", lambda file: file.write(json.dumps(facts).encode() + b"\n"))


def load_arrays(path):
    """All arrays of an NPZ file. Never unpickle what came over a network."""
    try:
        with numpy.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a whole NPZ file ({error}); fetch it again") from error


def load_model(name, config):
    """The table of expected results by heap and take, and its name. Only `init` means untrained."""
    shape = (heap_of(config) + 1, len(TAKES) + 1)
    if name == "init":
        return numpy.zeros(shape, numpy.float32), "init"
    model = load_arrays(name)
    if str(model.get("config")) != config or model["table"].shape != shape:
        raise ValueError(f"{name} is a model for {model.get('config')}, not for {config}")
    return model["table"], hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest()


def load_games(path):
    """The moves of each game in a games file."""
    try:
        return [json.loads(line)["moves"] for line in pathlib.Path(path).read_text().splitlines()]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} is not a games file ({error}); take it off the list") from error


def listed(path):
    """--inputs is a text file that names one input a line."""
    paths = [line for line in pathlib.Path(path).read_text().splitlines() if line]
    if not paths:
        raise ValueError(f"the list {path} names no files")
    return paths


# --- The four jobs. -------------------------------------------------------------------------------


def selfplay(job, progress):
    table, model = load_model(job.model, job.config)
    chance = random.Random(job.seed)  # Same seed, same games: a failure can be played again.
    lines = []
    for game in range(job.games):
        moves = play((table, table), chance.randint(1, heap_of(job.config)), chance, curiosity=0.3)
        lines.append(json.dumps({"config": job.config, "model": model, "moves": moves}) + "\n")
        progress.report(game + 1, job.games)
    facts = {"type": "selfplay", "config": job.config, "games": job.games, "model": model}
    text = "".join(lines).encode()
    finish(job.out, facts, f"games-{job.seed}.jsonl", lambda file: file.write(text),
           games=job.games)


def export(job, progress):
    moves, values, games = [], [], 0
    paths = listed(job.inputs)
    for number, path in enumerate(paths):
        for game in load_games(path):
            games += 1
            moves += game
            values += [1 if (len(game) - 1 - ply) % 2 == 0 else -1 for ply in range(len(game))]
        progress.report(number + 1, len(paths))
    if not values:
        raise ValueError(f"the files in {job.inputs} hold no games")  # Nothing is not a success.
    facts = {"type": "export", "config": job.config, "games": games, "samples": len(values)}
    arrays = {"moves": numpy.array(moves, numpy.int64),
              "values": numpy.array(values, numpy.float32)}
    finish(job.out, facts, "samples.npz", lambda file: numpy.savez_compressed(file, **arrays),
           samples=len(values))


def train(job, progress):
    table, parent = load_model(job.model, job.config)
    sums, counts = numpy.zeros(table.shape), numpy.zeros(table.shape)
    paths = listed(job.inputs)
    for number, path in enumerate(paths):
        samples = load_arrays(path)
        where = (samples["moves"][:, 0], samples["moves"][:, 1])
        numpy.add.at(sums, where, samples["values"])
        numpy.add.at(counts, where, 1)
        progress.report(number + 1, len(paths))
    if counts.sum() == 0:
        raise ValueError(f"the files in {job.inputs} hold no samples")
    # What was known before counts as one game.
    learnt = ((table + sums) / (1 + counts)).astype(numpy.float32)
    loss = float((counts - sums**2 / numpy.maximum(counts, 1)).sum() / counts.sum())
    facts = {"type": "training", "config": job.config, "samples": int(counts.sum()),
             "steps": len(paths), "loss_micro": int(loss * 1e6), "parent": parent}
    model = {"config": numpy.array(job.config), "table": learnt}
    finish(job.out, facts, "model.npz", lambda file: numpy.savez_compressed(file, **model))


def match(job, progress):
    ours, candidate = load_model(job.candidate, job.config)
    theirs, baseline = load_model(job.baseline, job.config)
    chance = random.Random(job.seed)
    pentanomial, lines = [0] * 5, []  # Pairs: LL, LD, DD or WL, WD, WW, from the candidate's view.
    for pair in range(job.pairs):
        heap = chance.randint(1, heap_of(job.config))  # The same opening twice, seats swapped.
        games = [play((ours, theirs), heap, chance), play((theirs, ours), heap, chance)]
        wins = len(games[0]) % 2 + (len(games[1]) + 1) % 2
        pentanomial[2 * wins] += 1
        lines += [json.dumps({"config": job.config, "moves": moves}) + "\n" for moves in games]
        progress.report(pair + 1, job.pairs)
    wins = 2 * pentanomial[4] + pentanomial[2]
    facts = {"type": "evaluation", "config": job.config, "candidate": candidate,
             "baseline": baseline, "games": 2 * job.pairs, "pentanomial": pentanomial,
             "wins": wins, "losses": 2 * job.pairs - wins, "draws": 0}
    text = "".join(lines).encode()
    finish(job.out, facts, f"match-{job.seed}.jsonl", lambda file: file.write(text))


def positive(text):
    """Nothing to do is a mistake in the command, not a job."""
    if int(text) <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    options = {"selfplay": ["--model", "--games", "--seed"], "export": ["--inputs"],
               "train": ["--model", "--inputs", "--seed"],
               "match": ["--candidate", "--baseline", "--pairs", "--seed"]}
    types = {"--games": positive, "--pairs": positive, "--seed": int, "--out": pathlib.Path}
    for job, own in options.items():
        command = jobs.add_parser(job)
        for option in ["--config", "--out", *own]:
            command.add_argument(option, required=True, type=types.get(option, str))
    return parser.parse_args()  # Wrong arguments end here, with exit code 2.


def main():
    job = parse_arguments()
    run = {"selfplay": selfplay, "export": export, "train": train, "match": match}[job.job]
    try:
        job.out.mkdir(parents=True, exist_ok=True)
        (job.out / "result.json").unlink(missing_ok=True)  # An earlier attempt proves nothing.
        run(job, Progress())
    except (OSError, ValueError, LookupError) as failure:
        sys.exit(f"example.py: {failure}")  # Exit code 1; the node keeps what stderr says.


if __name__ == "__main__":
    main()
