"""The commands, their messages and exit codes."""

import csv
import json
import math
import os
import random
import re
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import unittest
import xml.dom.minidom
from pathlib import Path

import jsonschema
import yaml

from talweg_case import PROGRAM, SMALL, SOURCE, TalwegCase


class Yaml12(yaml.SafeLoader):
    """PyYAML speaks YAML 1.1, in which 2e-3 is a word; editors and we speak 1.2."""


Yaml12.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))


class Commands(TalwegCase):
    def test_help_does_not_load_libtorch(self):
        environment = dict(os.environ, LD_DEBUG="files", LD_DEBUG_OUTPUT=str(self.folder / "loader"))
        done = self.run_talweg("--help", env=environment)
        self.assertIn("talweg COMMAND", done.stdout)
        loaded = "".join(path.read_text() for path in self.folder.glob("loader*"))
        self.assertIn("libc.so", loaded)
        self.assertNotIn("libtorch", loaded)
        for command in ("train", "resume", "check", "list", "describe", "schema", "report", "reproduce", "mlflow", "privacy", "recommend", "theory", "version",
                        "completion"):
            self.assertIn(command, done.stdout)
            self.assertIn("Usage: talweg " + command, self.run_talweg(command, "--help").stdout)

    def test_files_that_the_documentation_names_exist(self):
        folders = ("app", "bench", "cluster", "cmake", "configs", "core", "docs", "models", "optim", "scripts", "tasks", "tests")
        pages = [SOURCE / "README.md", *SOURCE.glob("docs/*.md")]
        pages.remove(SOURCE / "docs/extending.md")  # names files that its reader writes
        for page in pages:
            for path in re.findall(r"`((?:%s)/[\w./-]+)`" % "|".join(folders), page.read_text()):
                self.assertTrue((SOURCE / path).exists(), f"{page.name}: {path}")

    def test_tables_of_the_documentation_are_those_of_the_reproduction(self):
        done = subprocess.run([sys.executable, SOURCE / "scripts/numbers.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_wrong_command_lines(self):
        self.assertIn("did you mean 'train'", self.run_talweg("trai", code=2).stderr)
        self.assertIn("needs CONFIG", self.run_talweg("train", code=2).stderr)
        self.assertIn("nope", self.run_talweg("train", "x.yaml", "--nope", code=2).stderr)
        self.assertIn("takes no argument", self.run_talweg("version", "x", code=2).stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        for command in (["--help"], ["list"], ["schema"], ["completion", "bash"], ["privacy", "--noise", "1", "--q", "0.01", "--steps", "10"]):
            with self.subTest(command=command), open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *command], stdout=full, stderr=subprocess.PIPE, text=True, cwd=self.folder, timeout=300)
                self.assertEqual(done.returncode, 1)
                self.assertIn("cannot write to the standard output: No space left on device", done.stderr)

    def test_a_file_beyond_its_limit_is_an_error(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        done = self.run_talweg("train", self.write("x.yaml", SMALL), "--output", "run", code=1, preexec_fn=limit)
        self.assertIn("File too large", done.stderr)

    def test_a_pipe_is_read_and_never_waited_for(self):
        self.run_talweg("check", "/dev/stdin", "--no-build", input=SMALL)
        os.mkfifo(self.folder / "pipe.yaml")
        self.assertIn("a pipe into which nobody writes", self.run_talweg("check", "pipe.yaml", code=3).stderr)
        self.run_talweg("generate", "pipe.yaml", "--prompt", "x", code=4)

    def test_names_that_no_file_can_have_are_told_in_a_sentence(self):
        long = "x" * 300 + ".yaml"
        for command in (["train", long], ["train", self.write("x.yaml", SMALL), "--output", long], ["resume", long], ["report", long]):
            with self.subTest(command=command[0]):
                done = subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True, cwd=self.folder, timeout=300)
                self.assertIn(done.returncode, (1, 2, 3, 4))
                self.assertNotIn("filesystem error", done.stderr)
                self.assertIn(long, done.stderr)

    def test_vectors_can_be_capped(self):
        with_vectors = lambda name, code: self.run_talweg("version", env=dict(os.environ, TALWEG_VECTORS=name), code=code)
        self.assertRegex(with_vectors("baseline", 0).stdout, "vectors +baseline")
        said = with_vectors("avx3", 2).stderr
        self.assertIn("TALWEG_VECTORS", said)
        self.assertIn("avx2", said)

    def test_version_and_completion(self):
        self.assertIn("libtorch     2.", self.run_talweg("version").stdout)
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("reproduce", self.run_talweg("completion", shell).stdout)
        script = self.run_talweg("completion", "bash").stdout
        completed = subprocess.run(["bash", "-c", script + '\nCOMP_WORDS=(talweg tr); COMP_CWORD=1; _talweg; echo "${COMPREPLY[@]}"'],
                                   capture_output=True, text=True)
        self.assertEqual(completed.stdout.strip(), "train")
        self.run_talweg("completion", "tcsh", code=2)

    def test_completion_knows_components_and_options(self):
        script = self.run_talweg("completion", "bash").stdout
        lines = [("describe optimizer.lorenza.asc", "optimizer.lorenza.ascent"), ("describe training.batch", "training.batch_size"),
                 ("list optimi", "optimizer"), ("train x.yaml --set training.batch", "training.batch_size="),
                 ("train x.yaml --set optimizer.nest", "optimizer.nesterov="), ("train x.yaml --set optimizer = adamw", "adamw")]
        program = script + "".join(f"""
COMP_WORDS=({PROGRAM} {line}); COMP_CWORD={len(line.split())}; COMPREPLY=(); _talweg; echo "${{COMPREPLY[0]}}" """ for line, _ in lines)
        completed = subprocess.run(["bash", "-c", program], capture_output=True, text=True)
        self.assertEqual(completed.stdout.split(), [answer for _, answer in lines])

    def test_completion_of_fish(self):
        script = self.run_talweg("completion", "fish").stdout
        self.assertIn(r"'say what \'train\' would say before its first step'", script)
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        lines = [("talweg describe optimizer.lorenza.asc", "optimizer.lorenza.ascent"), ("talweg list optimi", "optimizer"),
                 ("talweg train x.yaml --set training.batch", "training.batch_size="),
                 ("talweg train x.yaml --set optimizer.nest", "optimizer.nesterov="),
                 ("talweg train x.yaml --set optimizer=adamw", "optimizer=adamw")]
        questions = "".join(f"\nset -l found (complete -C'{line}'); echo $found[1]" for line, _ in lines)
        completed = subprocess.run(["fish", "--no-config", "-c", script + questions], capture_output=True, text=True,
                                   env=dict(os.environ, PATH=f"{Path(PROGRAM).parent}:{os.environ['PATH']}"))
        self.assertEqual(completed.stderr, "")
        self.assertEqual(completed.stdout.split(), [answer for _, answer in lines])

    def test_privacy_answers_without_libtorch(self):
        environment = dict(os.environ, LD_DEBUG="files", LD_DEBUG_OUTPUT=str(self.folder / "loader"))
        options = ("--noise", 1.1, "--q", 0.01, "--steps", 10000, "--delta", 1e-5)
        text = self.run_talweg("privacy", *options, "--accountant", "sgm_rdp", env=environment).stdout
        self.assertNotIn("libtorch", "".join(path.read_text() for path in self.folder.glob("loader*")))
        self.assertRegex(text, r"sgm_rdp +add_or_remove_one +5\.6320 +4\.7 +certified")
        everything = self.run_talweg("privacy", *options, "--plot", "privacy.svg").stdout
        self.assertRegex(everything, r"pld +add_or_remove_one +5\.19\d\d +5\.19\d\d +certified")
        self.assertRegex(everything, r"gdp +add_or_remove_one +5\.0647 +approximate")
        self.assertRegex(everything, r"paper_gc .*formula of the paper")
        self.assertIn("the sampler is poisson", everything)
        self.assertIn("adding or removing one example", " ".join(everything.split()))
        picture = (self.folder / "privacy.svg").read_text()
        self.assertNotIn("var(--", picture)
        xml.dom.minidom.parseString(picture)

    def test_privacy_answers_programs(self):
        bounded = ("--noise", 40, "--n", 1000, "--batch", 100, "--epochs", 500, "--sampler", "shuffle", "--radius", 0.05, "--smoothness", 0.5,
                   "--learning-rate", 0.1)
        said = json.loads(self.run_talweg("privacy", *bounded, "--json").stdout)
        answers = {answer["accountant"]: answer for answer in said["answers"]}
        self.assertEqual(said["chosen"], "shuffle_gauss")
        # 500 uses of sensitivity 2C at noise 40C: a single release of deviation 40/(2·√500).
        mu = 2 * 500**0.5 / 40
        gaussian = statistics.NormalDist()
        epsilon = answers["shuffle_gauss"]["epsilon"]
        delta = gaussian.cdf(-epsilon / mu + mu / 2) - math.exp(epsilon) * gaussian.cdf(-epsilon / mu - mu / 2)
        self.assertAlmostEqual(delta / said["delta"], 1, places=6)
        self.assertIn("misfit", answers["pld"])
        self.assertGreater(answers["dc_shuffle"]["order"], 1)
        self.assertLess(answers["dc_shuffle"]["last_steps"], said["steps"])
        self.assertLess(answers["dc_shuffle"]["epsilon"], epsilon)
        self.assertEqual(said["epsilon_by_steps"][-1], [said["steps"], epsilon])
        without_noise = json.loads(self.run_talweg("privacy", "--noise", 0, "--q", 0.1, "--steps", 5, "--accountant", "pld", "--json").stdout)
        self.assertEqual(without_noise["answers"][0]["epsilon"], "inf")

    def test_privacy_calibrates_noise(self):
        text = self.run_talweg("privacy", "--epsilon", 8, "--q", 0.04, "--steps", 2000, "--accountant", "sgm_rdp").stdout
        self.assertRegex(text, r"noise multiplier 1\.356\d* for ε = 8")
        bounded = self.run_talweg("privacy", "--noise", 40, "--n", 1000, "--batch", 100, "--epochs", 500, "--sampler", "shuffle",
                                  "--radius", 0.01, "--smoothness", 0.1, "--learning-rate", 0.5).stdout
        self.assertRegex(bounded, r"dc_shuffle +replace_one +\d")
        self.assertRegex(bounded, r"shuffle_gauss +replace_one +\d")

    def test_privacy_refuses_nonsense(self):
        base = ("--q", 0.01, "--steps", 100)
        for words, options in [
            ("'delta' must lie", ("--noise", 1, *base, "--delta", 1)),
            ("'epsilon' must be above 0", ("--epsilon", 0, *base)),
            ("'sampling_rate' must be", ("--noise", 1, "--q", 1.5, "--steps", 10)),
            ("'noise_multiplier' must be", ("--noise", -1, *base)),
            ("no noise multiplier", ("--epsilon", 1e-9, "--delta", 1e-9, "--q", 1, "--steps", 1000000, "--accountant", "sgm_rdp")),
            ("'radius' must be", ("--noise", 1, *base, "--radius", 0)),
            ("needs 'smoothness'", ("--noise", 1, *base, "--sampler", "shuffle", "--radius", 1, "--accountant", "dc_shuffle")),
            ("the sampler is poisson", ("--noise", 1, *base, "--accountant", "shuffle_gauss")),
            ("did you mean 'sgm_rdp'", ("--noise", 1, *base, "--accountant", "sgmrdp")),
            ("exactly one of --noise and --epsilon", base),
            ("exactly one of --steps and --epochs", ("--noise", 1, "--q", 0.1)),
            ("--noise takes a number", ("--noise", "loud", *base)),
            ("--n and --batch belong together", ("--noise", 1, "--n", 100, "--steps", 10)),
            ("'batch' must be at most n", ("--noise", 1, "--n", 100, "--batch", 200, "--steps", 10)),
        ]:
            self.assertIn(words, self.run_talweg("privacy", *options, code=2).stderr)

    def test_recommendations_from_a_file_of_choices(self):
        choices = random.Random(1)
        lines = ["user,winner,loser"]
        for _ in range(300):
            likes_tea = choices.random() < 0.5
            lines.append("ann,tea,\"coffee, black\"" if likes_tea else "bob,\"coffee, black\",tea")
            lines.append(choices.choice(["ann", "bob"]) + ",tea,mud")
            lines.append(choices.choice(["ann", "bob"]) + ",\"coffee, black\",mud")
        self.write("choices.csv", "\n".join(lines) + "\n")
        self.write("mine.yaml", "name: mine\ntask: {type: comparison_factorization, rank: 2, user_decay: 1, item_decay: 1, "
                   "data: {type: comparison_csv, path: choices.csv}}\noptimizer: {type: adamw, learning_rate: 5e-2}\n"
                   "training: {epochs: 20, batch_size: 64}\n")
        self.run_talweg("train", "mine.yaml", "-o", "run", "-q")
        best = lambda user: [line.split("\t")[0] for line in self.run_talweg("recommend", "run", "--user", user).stdout.splitlines()]  # noqa: E731
        self.assertEqual(best("ann"), ["tea", "coffee, black", "mud"])
        self.assertEqual(best("bob"), ["coffee, black", "tea", "mud"])
        one = self.run_talweg("recommend", "run", "--user", "ann", "--top", 1)
        self.assertEqual(len(one.stdout.splitlines()), 1)
        stranger = self.run_talweg("recommend", "run", "--user", "eve")
        self.assertIn("know no user 'eve'", stranger.stderr)
        self.assertEqual(stranger.stdout.splitlines()[-1].split("\t")[0], "mud")
        self.assertIn("--user", self.run_talweg("recommend", "run", code=2).stderr)
        self.assertIn("--top takes a number", self.run_talweg("recommend", "run", "--user", "ann", "--top", "x", code=2).stderr)
        self.run_talweg("export", "run", "factors")
        names = [json.loads(line) for line in (self.folder / "factors/item_ids.txt").read_text().splitlines()]
        self.assertEqual(set(names), {"tea", "coffee, black", "mud"})
        head, _, numbers = (self.folder / "factors/items.npy").read_bytes().partition(b"\n")
        self.assertIn(b"'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)", head)
        self.assertEqual(((len(head) + 1) % 64, len(numbers)), (0, 3 * 2 * 4))
        rows = list(csv.reader((self.folder / "factors/items.csv").open()))
        self.assertEqual([row[0] for row in rows[1:]], names)
        for row, value in zip(rows[1:], struct.iter_unpack("<ff", numbers)):
            self.assertAlmostEqual(float(row[1]), value[0], places=6)
        self.assertIn("NumPy has no bfloat16", self.run_talweg("export", "run", "x", "--dtype", "bfloat16", code=3).stderr)
        # The same choices in another order give the rows of the factors to others.
        self.write("choices.csv", "\n".join([lines[0], "bob,mud,tea", *lines[1:]]) + "\n")
        self.assertIn("of the data are others", self.run_talweg("recommend", "run", "--user", "ann", code=4).stderr)
        self.write("other.yaml", SMALL.replace("steps: 60", "steps: 1"))
        self.run_talweg("train", "other.yaml", "-o", "other", "-q")
        self.assertIn("not of comparison_factorization", self.run_talweg("recommend", "other", "--user", "ann", code=2).stderr)

    def test_list_and_describe(self):
        listed = self.run_talweg("list").stdout
        for word in ("adamw", "lbfgs", "resnet", "classification", "poisson", "cosine", "libsvm"):
            self.assertIn(word, listed)
        described = self.run_talweg("describe", "optimizer.sgd").stdout
        self.assertIn("learning_rate: number (default 0.1)", described)
        self.assertIn("above 0", described)
        self.assertIn("did you mean 'lbfgs'", self.run_talweg("describe", "optimizer.lbgfs", code=2).stderr)
        self.assertIn("no kind", self.run_talweg("list", "optimiser", code=2).stderr)
        # Names that are longer than a column do not push their summaries out of it.
        for block in re.split(r"(?m)^(?=\S)", listed)[1:]:
            self.assertEqual(len({len(re.match(r"  \S+ +", line)[0]) for line in block.splitlines()[1:]}), 1, block)

    def test_describe_opens_sections(self):
        for name, words in {"training": ["batch_size: integer (default 64)", "at least 1", "sampler: sampler, optional"],
                            "checkpoint": ["best_metric: text (default eval/loss)"],
                            "optimizer.lorenza.ascent": ["rho: number (default", "at least 0"],
                            "task.language_modeling.adapter": ["rank: integer", "alpha: number"],
                            "task.classification.model.mlp.hidden": ["hidden: list of integer"],
                            "training.batch_size": ["examples per optimizer step"]}.items():
            described = self.run_talweg("describe", name).stdout
            for word in words:
                self.assertIn(word, described, name)
        self.assertIn("did you mean 'batch_size'", self.run_talweg("describe", "training.batchsize", code=2).stderr)
        self.assertIn("did you mean 'training'", self.run_talweg("describe", "trainin", code=2).stderr)
        self.assertIn("ask for optimizer.gd_smooth", self.run_talweg("describe", "gd_smooth", code=2).stderr)
        self.assertIn("is no section", self.run_talweg("describe", "training.steps.x", code=2).stderr)
        paths = self.run_talweg("list", "--paths").stdout.split()
        for path in random.Random(1).sample(paths, 5):
            self.assertIn(path.rsplit(".", 1)[-1], self.run_talweg("describe", path).stdout)

    def test_every_shipped_configuration_is_valid(self):
        schema = json.loads(self.run_talweg("schema").stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        self.assertEqual(schema, json.loads((SOURCE / "docs/schema.json").read_text()),
                         "docs/schema.json is out of date: ./talweg schema > docs/schema.json")
        validator = jsonschema.Draft7Validator(schema)
        files = sorted((SOURCE / "configs").rglob("*.yaml"))
        self.assertTrue(files)
        for file in files:
            text = file.read_text()
            self.assertIn("yaml-language-server: $schema=", text.splitlines()[0], file)
            mistakes = [(list(e.absolute_path), e.message) for e in validator.iter_errors(yaml.load(text, Yaml12))]
            self.assertEqual(mistakes, [], file)
        self.run_talweg("check", "--no-build", *files)

    def test_the_schema_names_the_one_mistake(self):
        validator = jsonschema.Draft7Validator(json.loads((SOURCE / "docs/schema.json").read_text()))
        cases = {
            SMALL.replace("hidden: [16]", "hiden: [16]"): (["task", "model"], "'hiden' was unexpected"),
            SMALL.replace("hidden: [16]", "hidden: [wide]"): (["task", "model", "hidden", 0], "'wide' is not of type 'integer'"),
            SMALL.replace("type: adamw", "type: adamv"): (["optimizer", "type"], "'adamv' is not one of"),
            SMALL.replace("type: adamw, ", "learning_rat: 1, "): (["optimizer"], "'learning_rat' was unexpected"),
            SMALL.replace("type: cosine, warmup: 5", "warmup: -5"): (["schedule", "warmup"], "-5"),
            SMALL.replace("data: digits", "data: nothing"): (["task", "data"], "'nothing' is not one of"),
            SMALL.replace("data: digits", "data: {type: csv}"): (["task", "data"], "'path' is a required property"),
            SMALL.replace("batch_size: 32", "micro_batch_size: 0"): (["training", "micro_batch_size"], "0 is less than the minimum"),
            SMALL.replace("task:", "# "): ([], "'task' is a required property"),
            "study: mode_theory\noptimizer: sgd\n": ([], "does not allow 'sgd'"),
        }
        for text, (place, words) in cases.items():
            mistakes = list(validator.iter_errors(yaml.load(text, Yaml12)))
            self.assertEqual([list(mistake.absolute_path) for mistake in mistakes], [place], text)
            self.assertIn(words, mistakes[0].message, text)
        # What a file leaves to the one that it extends is not missed.
        for text in ("extends: x.yaml\n", "extends: [x.yaml]\noptimizer: {learning_rate: 1}\nschedule: null\n"):
            self.assertEqual([e.message for e in validator.iter_errors(yaml.load(text, Yaml12))], [], text)

    def test_bad_configurations(self):
        cases = {
            "optimizer: {type: adamv}\n" + SMALL.replace("optimizer:", "#"): "did you mean 'adam'",
            SMALL.replace("batch_size", "batchsize"): "did you mean 'batch_size'",
            SMALL.replace("steps: 60", "steps: many"): "takes an integer",
            SMALL.replace("steps: 60", "steps: 0"): "must be at least 1",
            SMALL.replace("steps: 60, ", ""): "give 'steps' or 'epochs'",
            SMALL.replace("steps: 60", "steps: 60, epochs: 2"): "contradict",
            SMALL.replace("model: {type: mlp, hidden: [16], dropout: 0.1}", "model: nothing"): "there is no model 'nothing'",
            SMALL + "seed: 1\nseed: 2\n": "duplicate key 'seed'",
            SMALL + "device: tpu\n".replace("device", "devise"): "did you mean 'device'",
            SMALL.replace("device: cpu", "device: tpu"): "cuda, xpu, mps, or cuda:N",
            "": "no configuration",
            "- a\n": "a configuration is a mapping",
            "name: x\n\ttask: y\n": "tab",
            SMALL.replace("name: small", "name: ${NO_SUCH_VARIABLE_HERE}"): "NO_SUCH_VARIABLE_HERE",
            SMALL + "extends: bad.yaml\n": "circular",
            SMALL + "sweep: {seed: 3}\n": "a list",
            "x: " + "[" * 100_000: "bad.yaml:1:",
            "x: " + "a" * (5 << 20): "bytes",
        }
        for text, message in cases.items():
            file = self.write("bad.yaml", text)
            done = self.run_talweg("check", file, code=3)
            self.assertIn(message, done.stderr, text[:200])
            self.assertIn("bad.yaml", done.stderr, text[:200])
        (self.folder / "bad.yaml").write_bytes(b"name: \xff\n")
        self.assertIn("UTF-8", self.run_talweg("check", self.folder / "bad.yaml", code=3).stderr)
        self.assertIn("no such file", self.run_talweg("check", self.folder / "none.yaml", code=3).stderr)
        self.assertIn("is a directory", self.run_talweg("check", self.folder, code=3).stderr)
        good = self.write("good.yaml", SMALL)
        self.assertIn("--set training.steps: 'steps' must be at least 1",
                      self.run_talweg("check", good, "--set", "training.steps=-4", code=3).stderr)

    def test_check_says_what_train_would_say(self):
        csv = SMALL.replace("data: digits", "data: {type: csv, path: numbers.csv}")
        cases = [
            (csv, 4, "no such file"),
            (SMALL.replace("data: digits", "data: breast_cancer").replace("{type: mlp, hidden: [16], dropout: 0.1}", "convnet"), 3,
             "needs images"),
            (SMALL.replace("{type: adamw, learning_rate: 1e-2}", "{type: dp, noise_multiplier: 1, inner: lbfgs}"), 3, "optimizer.inner"),
            (SMALL.replace("{every: 10}", "{best_metric: eval/acuracy}"), 3, "did you mean 'eval/accuracy'"),
            (SMALL.replace("device: cpu", "device: cuda:99"), 3, "cuda:99"),
            (SMALL.replace("device: cpu", "device: xpu"), 3, "device: 'xpu' was asked for"),
        ]
        for text, code, words in cases:
            file = self.write("x.yaml", text)
            checked = self.run_talweg("check", file, code=code).stderr
            self.assertIn(words, checked)
            trained = self.run_talweg("train", file, "--output", "run", code=code).stderr
            self.assertEqual(checked.replace(f"{file}: ", ""), trained)
            self.assertFalse((self.folder / "run").exists(), "a run that did not begin left its folder")
            sweep = self.write("sweep.yaml", text + "sweep: {seed: [1, 2]}\n")
            self.run_talweg("train", sweep, "--output", "run", code=code)
            self.assertFalse((self.folder / "run").exists(), "a sweep that did not begin left its folder")
        # A claim about what is never measured ends in no verdict: told before the run.
        claim = "expect:\n  - {claim: it learns, metric: eval/acuracy, at_least: 0.7, source: ours}\n"
        self.assertIn("expect: 'eval/acuracy' is not measured before the first step (did you mean 'eval/accuracy'",
                      self.run_talweg("check", self.write("x.yaml", SMALL + claim)).stderr)
        # Every file is looked at, and the next run finds its folder free.
        both = self.run_talweg("check", self.write("bad.yaml", csv), self.write("good.yaml", SMALL), self.folder / "none.yaml", code=4)
        self.assertIn("2 of 3 configurations would not train", both.stderr)
        self.assertIn("no mistakes", self.run_talweg("check", "--no-build", self.folder / "bad.yaml").stdout)
        self.run_talweg("train", self.folder / "good.yaml", "--output", "run", "--set", "training.steps=2", "--quiet")

    def test_values_may_hold_commas(self):
        file = self.write("a, b.yaml", SMALL)
        self.run_talweg("check", file, "--set", "training={steps: 1, batch_size: 64}", "--set", "optimizer={type: sgd, learning_rate: 0.1}")

    def test_components_that_do_not_fit(self):
        text = SMALL.replace("data: digits", "data: breast_cancer").replace("{type: mlp, hidden: [16], dropout: 0.1}", "convnet")
        done = self.run_talweg("train", self.write("x.yaml", text), "--output", "run", code=3)
        self.assertIn("needs images", done.stderr)

    def test_bad_data_files(self):
        text = SMALL.replace("data: digits", "data: {type: csv, path: numbers.csv}")
        file = self.write("x.yaml", text)
        self.assertIn("no such file", self.run_talweg("train", file, "--output", "a", code=4).stderr)
        self.write("numbers.csv", "1,2,0\n3,x,1\n")
        self.assertIn("numbers.csv:2: column 1: 'x' is not a finite number",
                      self.run_talweg("train", file, "--output", "b", code=4).stderr)


if __name__ == "__main__":
    unittest.main()
