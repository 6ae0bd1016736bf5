#!/usr/bin/env bash
# Runs the configurations that state what they should show and writes the verdicts to a page of docs.
# usage: scripts/reproduce.sh                     configs/quickstart.yaml, configs/agents, configs/paper: docs/reproduction.md, ten minutes
#        scripts/reproduce.sh language-models     pretrained language models: docs/reproduction_language_models.md, over an hour of one
#                                                 core; needs scripts/fetch_data.sh kjv smollm2 minilm sentiment
#        scripts/reproduce.sh --update CONFIG_OR_FOLDER…   runs these alone and replaces their rows of docs/reproduction.md
#        scripts/reproduce.sh CONFIG_OR_FOLDER…   prints the verdicts and writes nothing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

case "${1-}" in
  "")
    title="Reproduction"
    command="scripts/reproduce.sh"
    page=docs/reproduction.md
    configurations=(configs/quickstart.yaml configs/agents configs/paper)
    example=configs/paper/armijo/bandit.yaml
    ;;
  language-models)
    title="Reproduction: pretrained language models"
    command="scripts/reproduce.sh language-models"
    page=docs/reproduction_language_models.md
    configurations=(configs/language_modeling configs/text_classification)
    example=configs/language_modeling/smollm2_lora.yaml
    ;;
  --update)
    shift
    page=docs/reproduction.md
    configurations=("$@")
    ;;
  *) exec ./talweg reproduce "$@" --quiet ;;
esac

table=$(mktemp)
trap 'rm -f "$table"' EXIT
code=0
./talweg reproduce "${configurations[@]}" --quiet --table "$table" || code=$?
[ -s "$table" ] || exit "$code"
if [ "${title-}" ]; then
  python3 scripts/reproduction_page.py "$page" "$table" "$title" "$command" "$example"
else
  python3 scripts/reproduction_page.py "$page" "$table" --update
fi
python3 scripts/numbers.py
exit "$code"
