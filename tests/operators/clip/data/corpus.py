"""Lines that are hard on a tokenizer, of many kinds, the same for the same seed."""

import gzip
import html.entities
import random
import unicodedata

CAPTIONS = [
    "kids feeding and playing with the horse",
    "a man is playing guitar on the stage",
    "A woman in a red dress slices 3 tomatoes.",
    "Two dogs chase a frisbee; one jumps over the other's back!",
    "someone's driving a 1967 Mustang down Route 66 at 75mph",
    "they've said it isn't what we'd have thought, and I'm sure you'll agree they're right",
    "I'D SAY IT'S HERS, WE'LL SEE WHO'S RIGHT",
    "the U.S.A.'s top-10 list (2019-2020): #1 is @home, 50% off & more",
    "c++ vs. c#: what's the difference?",
    "email me at foo.bar+baz@example.co.uk or visit https://www.example.com/a?b=c&d=e#f",
    "rock'n'roll 'til the cows come home o'clock y'all'd've",
    "1,234,567.89 dollars and 5e-10 meters, 10:30pm, 3/4 cup, 0x7f",
    "a_b_c snake_case CamelCase kebab-case ALLCAPS",
]

SCRIPTS = {
    "cjk": "一只猫坐在垫子上。犬が公園で走っている！고양이가 창가에 앉아 있다？ｶﾞｷﾞｸﾞ　全角　テスト，「引用」",
    "arabic": "قطة تجلس على السجادة، أليس كذلك؟ ١٢٣٤ كِتَابٌ لا ﷺ ﻻ",
    "hebrew": "חתול יושב על השטיח שָׁלוֹם ״ציטוט״",
    "indic": "बिल्ली चटाई पर बैठी है। १२३ বিড়াল পূজা தமிழ் నమస్తే ಕನ್ನಡ",
    "thai": "แมวนั่งอยู่บนเสื่อ ๑๒๓ ກຂຄ",
    "greek": "Η ΓΑΤΑ ΚΑΘΕΤΑΙ ΣΤΟ ΧΑΛΙ ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ. Σ' άνθρωπος ᾳ ᾼ ὈΔΥΣΣΕΎΣ",
    "cyrillic": "Кошка сидит на коврике, а Ёжик — нет. Їжак ґанок Ѣ",
    "latin": "Straße MÜNCHEN Ærø œuvre Łódź İstanbul ıI ſtop Kelvin K Å Ångström ǅ ĳ ŉ naïve café résumé ñandú ÇA",
    "symbols": "→ ∑ ∞ ≠ ½ ⅔ ² ³ ① Ⅷ ⅷ € £ ¥ ₹ © ® ™ § ¶ • … – — ‑ ‰ ° ª º ª µ Ω ℃ № ℡",
}

EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "❤️", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "🇩🇪", "☺", "✈️", "1️⃣", "🤷‍♀️", "💩", "🎉🎉🎉", "‼️", "\u200d", "\ufe0f"]

QUOTES = "‘’‚‛“”„‟ʼ`´′″«»‹›'\""

LIGATURES = "ĲĳŉǱǲǳǄǅǆǇǈǉǊǋǌﬀﬁﬂﬃﬄﬅﬆæœÆŒß"

SPECIALS = ["<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|endoftext|", "|endoftext|>", "<|\u017ftartoftext|>"]

CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'LL", "'\u017f", "’s", "’ll", "'x", "''s", "s'", "'"]

SPACES = " \t\n\r\f\x0b\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u200b\ufeff\u180e"


class Corpus:
    def __init__(self, vocabulary, seed=4):
        self.random = random.Random(seed)
        with gzip.open(vocabulary, "rt", encoding="utf-8") as lines:
            merges = lines.read().split("\n")[1:48895]
        pieces = ["".join(m.split()) for m in merges]
        self.words = [p[:-4] for p in pieces if p.endswith("</w>") and p[:-4].isascii() and len(p) > 6]
        self.entities = sorted(html.entities.html5)
        self.assigned = [chr(c) for c in range(0x20, 0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
        self.few = [c for c in self.assigned if ord(c) < 0x3000]

    def pick(self, choices, n):
        return [self.random.choice(choices) for _ in range(n)]

    def some(self, low, high):
        return self.random.randint(low, high)

    # Each kind gives one line.
    def caption(self):
        words = self.pick(self.words, self.some(3, 15))
        style = self.some(0, 4)
        if style == 0:
            words = [w.capitalize() for w in words]
        elif style == 1:
            words[self.some(0, len(words) - 1)] += self.random.choice([",", ".", "!", "?", ":", ";", "...", "'s", "n't", "-"])
        elif style == 2:
            words.insert(self.some(0, len(words)), str(self.some(0, 10**self.some(1, 7))))
        return " ".join(words)

    def written(self):
        return self.random.choice(CAPTIONS)

    def ascii(self):
        return "".join(self.pick([chr(c) for c in range(0x20, 0x7F)], self.some(1, 40)))

    def punctuation(self):
        return "".join(self.pick(list("!?.,;:'\"()[]{}<>|/\\-_=+*&^%$#@~` a1"), self.some(1, 25)))

    def contraction(self):
        return "".join(self.random.choice(["", " ", "", w, "don", "!", "1"]) + c for w, c in zip(self.pick(self.words, 6), self.pick(CONTRACTIONS, 6)))

    def digits(self):
        return " ".join("".join(self.pick(list("0123456789.,-/:²½٣७Ⅷ①"), self.some(1, 8))) for _ in range(self.some(1, 6)))

    def script(self):
        name = self.random.choice(sorted(SCRIPTS))
        text = SCRIPTS[name]
        start = self.some(0, len(text) - 2)
        return text[start : start + self.some(2, 40)]

    def mixed(self):
        return " ".join(self.random.choice([self.caption, self.script, self.emoji, self.digits])() for _ in range(2))

    def emoji(self):
        return "".join(self.random.choice(["", " ", "a ", "!"]) + e for e in self.pick(EMOJI, self.some(1, 5)))

    def combining(self):
        marks = "\u0301\u0308\u0323\u0327\u0345\u0338\u20dd\u05b0\u3099\u0489"
        return "".join(c + "".join(self.pick(list(marks), self.some(0, 3))) for c in self.pick(list("aeioucnAEαωιかは가=<x "), self.some(1, 12)))

    def entity(self):
        def one():
            name = self.random.choice(self.entities)
            return self.random.choice(
                [
                    "&" + name,
                    "&" + name.rstrip(";"),
                    "&" + name.upper(),
                    "&" + name + ";",
                    "&" + name.rstrip(";") + "x;",
                    "&amp;" + name,
                    "&amp;amp;" + name,
                    "&#%d;" % self.some(0, 0x300),
                    "&#x%x" % self.some(0, 0x110010),
                    "&#X%X;" % self.some(0, 0x3000),
                    "&#%d" % self.some(120, 170),
                    "&#;&#x;&;& &",
                    "&#99999999999999;",
                    "&lt;br&gt;",
                    "&eacute;&EACUTE;&SZLIG;&notit;&notin;&ampersand",
                    "<b>&amp;</b>",
                ]
            )

        return "".join(one() + self.random.choice(["", " ", "a", ";", "\n"]) for _ in range(self.some(1, 4)))

    def quotes(self):
        return "".join(self.random.choice([q, q, " ", w]) for q, w in zip(self.pick(list(QUOTES), 12), self.pick(self.words, 12)))

    def ligature(self):
        return "".join(self.pick(list(LIGATURES + "aefi t"), self.some(2, 15)))

    def width(self):
        return "".join(self.pick([chr(c) for c in range(0xFF01, 0xFFEF)] + ["\u3000", "a", " "], self.some(1, 20)))

    def control(self):
        pieces = [chr(c) for c in range(0, 0xA0)] + ["\x1b[31m", "\x1b[0;1m", "\x1b[", "\x1b[12;", "\u206a", "\ufff9", "\ufffc", "\ufeff", "\u200e"]
        return "".join(self.random.choice([p, w, " "]) for p, w in zip(self.pick(pieces, 10), self.pick(self.words, 10)))

    def space(self):
        return "".join(self.random.choice([s, s + w]) for s, w in zip(self.pick(list(SPACES), 12), self.pick(self.words, 12)))

    def special(self):
        return "".join(self.random.choice([s, s, w + s, " " + s, "!" + s, s + s, "<" + s]) for s, w in zip(self.pick(SPECIALS, 3), self.pick(self.words, 3)))

    def long(self):
        letters = self.random.choice(["abcdefghijklmnopqrstuvwxyz", "ab", "the", "日本語", "éàü", "!?", "a"])
        return "".join(self.pick(list(letters), self.some(50, 400)))

    def any_character(self):
        return "".join(self.pick(self.assigned, self.some(1, 20)))

    def any_common_character(self):
        return "".join(self.pick(self.few, self.some(1, 20)))

    def mojibake(self):
        encoding = self.random.choice(["latin-1", "cp1252", "cp1252"])
        text = self.random.choice(["café", "naïve “quoted” text", "it’s", "5€ – or so…", "schön", "日本", "ñandú Ωμέγα"])
        return self.caption() + " " + text.encode("utf-8").decode(encoding, "replace") + " " + self.caption()

    def empty(self):
        return "".join(self.pick(list(SPACES), self.some(0, 3)))

    COMMON = ["caption"] * 6 + ["written"]
    KINDS = [
        "ascii", "punctuation", "contraction", "digits", "script", "mixed", "emoji", "combining", "entity", "quotes", "ligature", "width",
        "control", "space", "special", "long", "any_character", "any_common_character", "mojibake", "empty",
    ]  # fmt: skip

    def lines(self, n):
        """(kind, line), one third of them plain captions."""
        for i in range(n):
            kind = self.random.choice(self.COMMON) if i % 3 == 0 else self.KINDS[i % len(self.KINDS)]
            yield kind, getattr(self, kind)()
