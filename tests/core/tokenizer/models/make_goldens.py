"""Writes small tokenizers of the Hugging Face library "tokenizers" (0.23.1) and what it makes of texts, for
tests/core/tokenizer/reference_ids_test.cpp.

usage: make_goldens.py   (in this folder)
"""

import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = [
    "", " ", "Covid covid Remdesivir took COOL-TOKEN", "remdesivir", "plain words", "x[MASK]y", "pre remdesivirpost COVID19",
    "NAÏVE naives naïve", "a  strip  b", "[mask] [MASK]covid", "日COVID本", "CÓVID", "nai\u0308ve", "I'LL say 12345 'tis\r\n\n  x",
    "naïve <s> in text </s>", "tabs\t\tand\u00a0blanks\u3000here", "🙂 emoji 🙂🙂", "العربية و日本語", "e\u0301 \u1e9b\u0323 ﬁ",
    "<|tool|>x<|tool|>", " <|strip|> around ", "keep<|word|>keep <|word|> end", "\u0000\u0007\u200b", "the the the quick brown fox"]
PAIRS = [("plain words", "took x"), ("x " * 9, "y " * 2), ("x " * 2, "y " * 9), ("x " * 9, "y " * 9), ("x " * 6, "y " * 5), ("", "x"),
         ("x " * 20, "y " * 13)]
LENGTHS = [8, 9, 64]


def word_piece():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "took", "plain", "words", "x", "y", "pre", "post", "covid", "##19", "19", "rem",
             "cool", "-", "##d", "##covid", "a", "b", "the", "日", "e", "fi", "i", "'", "say", "emoji"]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(words[:5])
    tokenizer.add_tokens(["Covid", "Remdesivir", "Cool-Token"])  # normalized, as is the default of the library
    tokenizer.add_tokens([AddedToken("Naïve", single_word=True), AddedToken(" Strip ", lstrip=True)])
    return tokenizer


def byte_level(pattern):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC() if pattern else None
    own = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not pattern)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), own]) if pattern else own
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=["<s>", "</s>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["the quick brown fox say the words, plain words: naïve emoji in text and blanks here"] * 3, trainer)
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> <s>:1 $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 1)])
        if pattern else
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B:1", special_tokens=[("<s>", 0)])])
    tokenizer.add_tokens(["<|tool|>", AddedToken("nai\u0308ve", normalized=True), AddedToken("<|strip|>", lstrip=True, rstrip=True),
                          AddedToken("<|word|>", single_word=True, normalized=False)])
    return tokenizer


def expected(tokenizer):
    plain = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    framed = [tokenizer.encode(text).ids for text in TEXTS]
    pairs = []
    for first, second in PAIRS:
        for length in LENGTHS:
            tokenizer.enable_truncation(length)
            encoding = tokenizer.encode(first, second)
            pairs.append({"first": first, "second": second, "length": length, "ids": encoding.ids, "segments": encoding.type_ids})
    tokenizer.no_truncation()
    return {"texts": [{"text": t, "plain": p, "framed": f} for t, p, f in zip(TEXTS, plain, framed)], "pairs": pairs}


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

for name, tokenizer in [("word_piece", word_piece()), ("begin", byte_level(None)), ("begin_and_end", byte_level(LLAMA3))]:
    content = json.loads(tokenizer.to_str())
    with open(name + ".json", "w", encoding="utf-8") as file:
        json.dump(content, file, separators=(",", ":"))
    with open(name + ".expected.json", "w", encoding="utf-8") as file:
        json.dump(expected(tokenizer), file, separators=(",", ":"))
        file.write("\n")
