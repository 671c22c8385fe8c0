"""Token ids of a hard corpus: CLIP's SimpleTokenizer with ftfy (Towhee's copy and OpenAI's), and Hugging Face's tokenizer."""

import references  # finds the next two
import corpus
import reference_tokens
from program import ROOT, node
from report import Row, counted

LINES = 21000
VOCABULARY = ROOT / ".deps" / "clip" / "bpe_simple_vocab_16e6.txt.gz"


def ours(program, lines, **args):
    nodes = [node("test/text.tokens", "text", "tokens", **args)]
    results, stats = program.run({"text": "string"}, nodes, ["tokens"], [{"text": line} for line in lines], stats=True, threads=1)
    return [result["tokens"] for result in results], stats["nodes"][0]["busy_s"]


def compare(program, work):
    lines = list(corpus.Corpus(VOCABULARY).lines(LINES))
    texts = [line for _, line in lines]
    openai, towhee, hugging_face = reference_tokens.openai(), reference_tokens.towhee(), reference_tokens.hugging_face(VOCABULARY)

    repaired = [reference_tokens.repairs_mojibake(openai, text) for text in texts]
    got, _ = ours(program, texts)
    different = sum(a != reference_tokens.with_ends(openai.encode(text)) for a, text, r in zip(got, texts, repaired) if not r)
    different += sum(a != reference_tokens.with_ends(towhee.encode(text)) for a, text, r in zip(got, texts, repaired) if not r)
    against = ", ".join(map(references.version, ("clip-anytorch", "towhee", "ftfy")))
    yield counted("tokens", "token ids", against, different, len(texts) - sum(repaired), "lines")
    unmeant = sum(r for (kind, _), r in zip(lines, repaired) if kind != "mojibake")
    meant = sum(kind == "mojibake" for kind, _ in lines)
    yield Row("tokens", "lines that ftfy takes for mojibake and repairs, which pipit does not", references.version("ftfy"),
              f"{len(texts):,} lines, {meant:,} written as mojibake", f"{sum(repaired):,}, of them {unmeant:,} not written so", "")  # fmt: skip

    got, _ = ours(program, texts, rules="huggingface")
    current = [reference_tokens.is_same_unicode(text) for text in texts]
    different = sum(a != b for a, b, c in zip(got, hugging_face(texts), current) if c)
    against = f"{references.version('transformers')}, {references.version('tokenizers')}"
    yield counted("tokens", "token ids, `preprocess: huggingface`", against, different, sum(current), "lines")
    older = sum(not c for c in current)
    yield Row("tokens", "lines that Hugging Face composes by an older Unicode", against, f"{len(texts):,} lines", f"{older:,}", "")

    captions = [text for kind, text in lines if kind == "caption"] * 20
    fastest = max(sum(map(len, made)) / busy_s for made, busy_s in (ours(program, captions) for _ in range(3)))
    yield Row("tokens", "tokens a second on one core, captions", "", f"{len(captions):,} lines", f"{fastest / 1e6:.1f} million", "")

    cut, _ = ours(program, texts, max_words=32)
    whole = [reference_tokens.with_ends(openai.encode(text)) for text in texts]
    wrong = sum(a != (b if len(b) <= 32 else b[:31] + [b[-1]]) for a, b, r in zip(cut, whole, repaired) if not r)
    yield counted("tokens", "cut to max_words 32", "CLIP4Clip's rule", wrong, len(texts) - sum(repaired), "lines")
