"""The tokenizers that ours is compared with: CLIP's SimpleTokenizer in two copies, and Hugging Face's."""

import gzip

START, END = 49406, 49407


def with_ends(ids):
    return [START, *ids, END]


class Simple:
    """A SimpleTokenizer that forgets its words: its cache would keep every one of a corpus."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def encode(self, text):
        self.tokenizer.cache = {k: v for k, v in self.tokenizer.cache.items() if k.startswith("<|")}
        return self.tokenizer.encode(text)


def towhee():
    from towhee.models.clip import simple_tokenizer

    return Simple(simple_tokenizer.SimpleTokenizer())


def openai():
    """OpenAI's own, as clip-anytorch packs it."""
    from clip import simple_tokenizer

    return Simple(simple_tokenizer.SimpleTokenizer())


def hugging_face(vocabulary):
    """A function of many texts, from the vocabulary as OpenAI ships it."""
    from clip.simple_tokenizer import bytes_to_unicode
    from transformers import CLIPTokenizer

    with gzip.open(vocabulary, "rt", encoding="utf-8") as lines:
        merges = [tuple(line.split()) for line in lines.read().split("\n")[1:48895]]
    letters = list(bytes_to_unicode().values())
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(merge) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=merges)
    return lambda texts: tokenizer(list(texts))["input_ids"]


def is_same_unicode(text):
    """Whether Hugging Face composes this text as today's Unicode does: its tables are those of an older version."""
    import unicodedata

    from tokenizers.normalizers import NFC

    return NFC().normalize_str(text) == unicodedata.normalize("NFC", text)


def repairs_mojibake(tokenizer, text):
    """Whether ftfy's repair of mojibake, which pipit leaves out, changes the tokens of this text."""
    import ftfy

    whole = ftfy.fix_text
    try:
        tokens = tokenizer.encode(text)
        ftfy.fix_text = lambda text: whole(text, fix_encoding=False)
        return tokens != tokenizer.encode(text)
    finally:
        ftfy.fix_text = whole
