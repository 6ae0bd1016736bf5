#!/usr/bin/env bash
# Runs the jobs of this folder on a Slurm of one host that it sets up for itself, and takes down again:
# cluster/slurm/test.sh [TALWEG]     as root, on Debian. Exit code 77: not possible here.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TALWEG=$(realpath "${1:-$here/../../build/release/app/talweg}")
export TALWEG
skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "Slurm's daemons need root"
[ -x "$TALWEG" ] || { echo "there is no program '$TALWEG'"; exit 2; }
if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
  command -v apt-get >/dev/null || skip "neither Slurm nor apt is here"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends slurm-wlm munge >/dev/null 2>&1 ||
    skip "slurm-wlm and munge could not be installed"
fi
if pgrep -x slurmctld >/dev/null || pgrep -x slurmd >/dev/null; then skip "a Slurm runs here already"; fi

folder=$(mktemp -d /tmp/talweg-slurm-XXXXXX)
export SLURM_CONF=$folder/slurm.conf
started_munge=0
clean_up() {
  [ -e "$folder/slurmd.pid" ] && kill "$(cat "$folder/slurmd.pid")" 2>/dev/null
  [ -e "$folder/slurmctld.pid" ] && kill "$(cat "$folder/slurmctld.pid")" 2>/dev/null
  pkill -f "slurmstepd" 2>/dev/null
  [ "$started_munge" = 1 ] && pkill -x munged
  rm -rf "$folder"
}
trap clean_up EXIT
fail() {
  echo "FAILED: $*"
  tail -n 5 "$folder"/slurm*.log "$folder"/talweg*.log 2>/dev/null
  exit 1
}
ok() { echo "ok: $*"; }

if ! pgrep -x munged >/dev/null; then
  [ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none
  chown munge: /etc/munge/munge.key && chmod 0400 /etc/munge/munge.key
  mkdir -p /run/munge && chown munge: /run/munge
  runuser -u munge -- munged || fail "munged does not start"
  started_munge=1
fi

host=$(hostname -s)
cat >"$SLURM_CONF" <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
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
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p "$folder/state" "$folder/spool"
slurmctld && slurmd || fail "Slurm's daemons do not start"
for _ in $(seq 60); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 0.5; done
sinfo -h -o %T | grep -q idle || fail "the host does not become idle"
ok "a Slurm of one host runs"

cd "$folder"
cat >small.yaml <<YAML
name: small
device: cpu
task: {type: classification, data: digits, model: {type: mlp, hidden: [16]}}
optimizer: {type: adamw, learning_rate: 1e-2}
training: {steps: 4000, batch_size: 32, precision: float64, log_every: 100, evaluate_every: 1000}
checkpoint: {every: 50}
distributed: {timeout: 30}
YAML
submit() { sbatch --parsable "$@"; }
state() { scontrol show job "$1" | sed -n 's/ *JobState=\([A-Z_]*\).*/\1/p'; }
wait_for() { # JOB STATE SECONDS
  for _ in $(seq $(($3 * 5))); do [ "$(state "$1")" = "$2" ] && return 0; sleep 0.2; done
  fail "job $1 is $(state "$1") and not $2 after $3 s"
}
wait_for_file() { for _ in $(seq 300); do ls $1 >/dev/null 2>&1 && return 0; sleep 0.1; done; fail "$1 does not appear"; }
result() { python3 -c "import json, sys; s = json.load(open(sys.argv[1] + '/summary.json')); print(s['status'], s['steps'], s['metrics']['eval/loss'])" "$1"; }
# A requeued job waits for a minute or two before it may start again; here it need not.
release() { scontrol update JobId="$1" StartTime=now 2>/dev/null; }

job=$(submit "$here/one_node.sbatch" small.yaml whole --quiet)
wait_for "$job" COMPLETED 120
whole=$(result whole)
[ "${whole%% *}" = completed ] || fail "the run is not completed: $whole"
grep -q '"ranks": 2' whole/summary.json || fail "it did not run on two ranks"
ok "one_node.sbatch trains on two ranks: $whole"

job=$(submit "$here/one_node.sbatch" small.yaml stopped --quiet)
wait_for_file "stopped/checkpoints/step-*"
scancel --signal=USR1 "$job"
for _ in $(seq 300); do [ "$(scontrol show job "$job" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')" = 1 ] && break; sleep 0.1; done
grep -q '"interrupted"' stopped/summary.json || fail "the signal did not stop the run"
release "$job"
for _ in $(seq 900); do release "$job"; [ "$(state "$job")" = COMPLETED ] && break; sleep 0.2; done
[ "$(state "$job")" = COMPLETED ] || fail "the requeued job is $(state "$job")"
[ "$(result stopped)" = "$whole" ] || fail "after a signal: $(result stopped) instead of $whole"
ok "USR1 saves, the job goes into the queue again, goes on, and ends as the undisturbed one"

job=$(submit "$here/one_node.sbatch" small.yaml killed --quiet)
wait_for_file "killed/checkpoints/step-*"
pkill -9 -n -f "train small.yaml --output killed" || fail "there is no rank to kill"
wait_for "$job" FAILED 60
ok "a killed rank ends the job"
job=$(submit "$here/one_node.sbatch" small.yaml killed --quiet)
wait_for "$job" COMPLETED 120
[ "$(result killed)" = "$whole" ] || fail "after a kill: $(result killed) instead of $whole"
ok "the same command goes on with the run, which ends as the undisturbed one"

job=$(submit --array=0-1 "$here/sweep_array.sbatch" small.yaml grid optimizer.learning_rate 1e-2 1e-3)
for _ in $(seq 600); do [ -z "$(squeue -h -j "$job" 2>/dev/null)" ] && break; sleep 0.2; done
for rate in 1e-2 1e-3; do
  [ "$(result "grid/optimizer.learning_rate=$rate" | cut -d' ' -f1)" = completed ] || fail "no run with $rate"
done
ok "sweep_array.sbatch makes a run per setting"

if [ -n "${TORCHRUN:-}" ]; then
  job=$(RANKS_PER_NODE=2 submit --nodes=1 --cpus-per-task=2 "$here/torchrun.sbatch" small.yaml elastic --quiet)
  wait_for "$job" COMPLETED 180
  [ "$(result elastic)" = "$whole" ] || fail "by torchrun: $(result elastic) instead of $whole"
  ok "torchrun.sbatch trains on two ranks"
else
  echo "not run: torchrun.sbatch (name the command in TORCHRUN)"
fi
