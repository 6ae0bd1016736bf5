#!/usr/bin/env bash
# Runs the jobs of this folder on a Slurm of two hosts, both this machine, that it sets up for itself and takes down again:
# cluster/slurm/test.sh [TALWEG]     as root, on Debian. Exit code 77: not possible here.
# Daemons, keys, ports and logs are its own; a Slurm that runs here already is not touched.
# Environment: TORCHRUN   the command, where it is not the torchrun of .deps/
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TALWEG=$(realpath "${1:-$here/../../build/release/app/talweg}")
# The names of the two hosts mean nothing to this machine's resolver.
export TALWEG OMP_NUM_THREADS=1 MASTER_ADDR=127.0.0.1
skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "Slurm's daemons need root"
[ -x "$TALWEG" ] || { echo "there is no program '$TALWEG'"; exit 2; }
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
  command -v apt-get >/dev/null || skip "neither Slurm nor apt is here"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1 ||
    skip "slurm-wlm and munge could not be installed"
fi

folder=$(mktemp -d /tmp/talweg-slurm-XXXXXX)
chmod 711 "$folder"  # munged wants its socket reachable
export SLURM_CONF=$folder/slurm.conf
clean_up() {
  if [ -s "$folder/slurmctld.pid" ]; then
    scancel --full --user=root >/dev/null 2>&1
    for _ in $(seq 50); do [ -z "$(squeue -h 2>/dev/null)" ] && break; sleep 0.2; done
    scontrol shutdown >/dev/null 2>&1
  fi
  for _ in $(seq 50); do ls "$folder"/slurm*.pid >/dev/null 2>&1 || break; sleep 0.2; done
  for file in "$folder"/*.pid; do [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null; done
  sleep 0.5
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
fail() {
  echo "FAILED: $*"
  tail -n 8 "$folder"/slurm*.log "$folder"/talweg*.log "$folder"/munged.log 2>/dev/null
  exit 1
}
ok() { echo "ok: $*"; }

(umask 077; dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 status=none)
munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" 2>"$folder/munged.err" || { cat "$folder/munged.err"; fail "munged does not start"; }

host=$(hostname -s)
port=$((41000 + $$ % 5000 * 4))
cat >"$SLURM_CONF" <<CONF
ClusterName=talweg
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
NodeName=host1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=1000 State=UNKNOWN
NodeName=host2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=host1,host2 Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p "$folder/state" "$folder/spool.host1" "$folder/spool.host2"
slurmctld && slurmd -N host1 && slurmd -N host2 || fail "Slurm's daemons do not start"
idle() { sinfo -h -N -t idle -o %N 2>/dev/null | wc -l; }
for _ in $(seq 120); do [ "$(idle)" = 2 ] && break; sleep 0.5; done
[ "$(idle)" = 2 ] || fail "the hosts do not become idle: $(sinfo -h -N -o '%N %T %E')"
ok "a Slurm of two hosts runs"

cd "$folder" || exit 1
cat >small.yaml <<YAML
name: small
device: cpu
task: {type: classification, data: digits, model: {type: mlp, hidden: [16]}}
optimizer: {type: adamw, learning_rate: 1e-2}
training: {steps: 4000, batch_size: 32, precision: float64, log_every: 100, evaluate_every: 1000}
checkpoint: {every: 50}
distributed: {timeout: 60}
YAML
submit() { sbatch --parsable "$@"; }
state() { scontrol show job "$1" 2>/dev/null | sed -n 's/ *JobState=\([A-Z_]*\).*/\1/p'; }
restarts() { scontrol show job "$1" 2>/dev/null | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p'; }
wait_for() { # JOB STATE SECONDS
  local now
  for _ in $(seq $(($3 * 5))); do
    now=$(state "$1")
    case $now in
      "$2") return 0 ;;
      # A requeued job waits for a minute or two before it may start again; here it need not.
      PENDING) [ "$(restarts "$1")" = 0 ] || scontrol update JobId="$1" StartTime=now 2>/dev/null ;;
      RUNNING | COMPLETING | CONFIGURING | REQUEUE*) ;;
      *) fail "job $1 is $now and not $2" ;;
    esac
    sleep 0.2
  done
  fail "job $1 is $(state "$1") and not $2 after $3 s"
}
wait_for_requeue() {
  for _ in $(seq 600); do
    [ "$(restarts "$1")" = 1 ] && return 0
    case $(state "$1") in FAILED | TIMEOUT | CANCELLED) break ;; esac
    sleep 0.2
  done
  fail "job $1 was not put into the queue again; it is $(state "$1")"
}
wait_for_checkpoint() { # RUN
  for _ in $(seq 600); do ls -d "$1"/checkpoints/step-* >/dev/null 2>&1 && return 0; sleep 0.1; done
  fail "no checkpoint of $1 appears"
}
# The process of a rank of a job, by the variables that Slurm gave it.
process_of() { # JOB RANK
  local place
  for place in /proc/[0-9]*; do
    [ "$(readlink "$place/exe" 2>/dev/null)" = "$TALWEG" ] || continue
    tr '\0' '\n' 2>/dev/null <"$place/environ" | grep -qx "SLURM_JOB_ID=$1" || continue
    tr '\0' '\n' 2>/dev/null <"$place/environ" | grep -qx "SLURM_PROCID=$2" && { basename "$place"; return 0; }
  done
  return 1
}
result() { python3 -c "import json, sys; s = json.load(open(sys.argv[1] + '/summary.json')); print(s['status'], s['steps'], s['metrics']['eval/loss'])" "$1"; }
must_equal_whole() { [ "$(result "$1")" = "$whole" ] || fail "$2: $(result "$1") instead of $whole"; }

job=$(submit "$here/train.sbatch" small.yaml whole --quiet)
wait_for "$job" COMPLETED 180
whole=$(result whole)
[ "${whole%% *}" = completed ] || fail "the run is not completed: $whole"
grep -q '"ranks": 2' whole/summary.json || fail "it did not run on two ranks"
ok "train.sbatch trains on two ranks: $whole"

job=$(submit "$here/train.sbatch" small.yaml stopped --quiet)
wait_for_checkpoint stopped
scancel --signal=USR1 "$job"
wait_for_requeue "$job"
grep -q '"interrupted"' stopped/summary.json || fail "the signal did not stop the run"
wait_for "$job" COMPLETED 240
must_equal_whole stopped "after a signal"
ok "USR1 saves, the job goes into the queue again, goes on, and ends as the undisturbed one"

# Slurm looks every half minute whose time is over, and signals that much too early: with a minute in all it could do so
# before there are ranks.
job=$(submit --time=2 --signal=USR1@50 "$here/train.sbatch" small.yaml timed --quiet --set training.steps=10000000)
wait_for_requeue "$job"
grep -q '"interrupted"' timed/summary.json || fail "the end of its time did not stop the run"
scancel "$job"
ok "a job whose time is over is saved and put into the queue again"

job=$(submit "$here/train.sbatch" small.yaml killed --quiet)
wait_for_checkpoint killed
kill -9 "$(process_of "$job" 1)" || fail "there is no rank to kill"
wait_for "$job" FAILED 60
[ "$(result killed 2>/dev/null | cut -d' ' -f1)" != completed ] || fail "the run was over before a rank was killed"
ok "a killed rank ends the step and the job"
scontrol requeue "$job" || fail "the job cannot be put into the queue again"
wait_for "$job" COMPLETED 240
must_equal_whole killed "after a kill"
ok "put into the queue again it goes on with the run, which ends as the undisturbed one"

job=$(submit --nodes=2 --ntasks-per-node=1 --cpus-per-task=1 "$here/train.sbatch" small.yaml many --quiet)
wait_for "$job" COMPLETED 180
must_equal_whole many "on two hosts"
ok "train.sbatch trains on a rank on each of two hosts"

job=$(submit --array=0-1 "$here/sweep_array.sbatch" small.yaml grid optimizer.learning_rate 1e-2 1e-3)
for _ in $(seq 900); do [ -z "$(squeue -h -j "$job" 2>/dev/null)" ] && break; sleep 0.2; done
for rate in 1e-2 1e-3; do
  [ "$(result "grid/optimizer.learning_rate=$rate" | cut -d' ' -f1)" = completed ] || fail "no run with $rate"
done
ok "sweep_array.sbatch makes a run per setting"

# torchrun is a module of the wheel from which LibTorch was unpacked.
deps=$(dirname "$TALWEG")/../../../.deps
if [ -z "${TORCHRUN:-}" ] && [ -x "$deps/python-tests/bin/python" ] && site=$(ls -d "$deps"/cpu/lib/python3*/site-packages 2>/dev/null); then
  cat >torchrun <<SCRIPT
#!/usr/bin/env bash
export PYTHONPATH=$site:$here/../../tests/interop
exec $deps/python-tests/bin/python -c 'import torch_for_tests; torch_for_tests.import_torch(); from torch.distributed.run import main; main()' "\$@"
SCRIPT
  chmod +x torchrun
  TORCHRUN=$folder/torchrun
fi
if [ -n "${TORCHRUN:-}" ]; then
  export TORCHRUN RANKS_PER_NODE=1
  job=$(submit --nodes=2 --cpus-per-task=1 "$here/torchrun.sbatch" small.yaml elastic --quiet)
  wait_for_checkpoint elastic
  scancel --signal=USR1 "$job"
  wait_for_requeue "$job"
  grep -q '"interrupted"' elastic/summary.json || fail "the signal did not stop the run"
  wait_for "$job" COMPLETED 240
  must_equal_whole elastic "by torchrun"
  ok "torchrun.sbatch trains on two hosts; USR1 saves, and it goes on as above"
else
  echo "not run: torchrun.sbatch (name the command in TORCHRUN)"
fi
