"""The page of `pipit search --html` as a person uses it: looked at, and driven from the keyboard, in a real Chromium.

    answer_page_test.py PIPIT SOURCE
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from browser import Browser

PIPIT, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
QUERY = "three big red squares moving up and down"


def is_red(red, green, blue):
    return red > 150 and green < 110 and blue < 110


class AnswerPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pipit-page-")
        here = cls.here = pathlib.Path(cls.folder.name)
        (here / "clips").mkdir()
        for clip in (SOURCE / "pipelines/demo/clips").glob("*.mp4"):
            (here / "clips" / clip.name).write_bytes(clip.read_bytes())
        cls.pipit("run", SOURCE / "pipelines/moments.yaml", "--inputs", "clips", "--output", "clips.index", "--progress", "off")
        cls.pipit("search", "clips.index", "--text", QUERY, "-k", "3", "--html", "answers.html")
        cls.page = (here / "answers.html").as_uri()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def pipit(cls, *words):
        weights = SOURCE / "pipelines/demo/clip4clip-shapes.safetensors"
        subprocess.run([PIPIT, *map(str, words)], check=True, cwd=cls.here, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PIPIT_WEIGHTS": str(weights)})

    def test_it_shows_query_answers_and_contact_sheets(self):
        with Browser(1000, 900) as browser:
            browser.open(self.page)
            self.assertEqual(browser.evaluate("document.querySelector('h1').textContent"), QUERY)
            names = browser.evaluate("[...document.querySelectorAll('h2')].map(h => h.textContent)")
            self.assertEqual(len(names), 3)
            self.assertEqual(names[0], "clips/3-big-red-square-vertical.mp4")
            scores = browser.evaluate("[...document.querySelectorAll('.score')].map(s => Number(s.textContent))")
            self.assertEqual(scores, sorted(scores, reverse=True))
            sizes = browser.evaluate("[...document.querySelectorAll('.shot img')].map(i => [i.naturalWidth, i.naturalHeight])")
            self.assertEqual(len(sizes), 3)
            for width, height in sizes:
                self.assertGreater(width, 600)
                self.assertGreater(height, 60)
            # What is seen of the first answer has the red of its squares, and the second has not.
            box = "(n => {const r = document.querySelectorAll('.shot img')[n].getBoundingClientRect(); return [r.x, r.y, r.width, r.height]})"
            picture = browser.screenshot()
            self.assertGreater(picture.share(browser.evaluate(box + "(0)"), is_red), 0.02)
            self.assertEqual(browser.complaints, [])

    def test_it_needs_nothing_from_the_network(self):
        with Browser(1000, 900) as browser:
            browser.open(self.page)
            browser.press("j")
            browser.press("Enter")
            browser.wait("document.querySelector('video')?.readyState >= 2")
            self.assertTrue(browser.requests)
            for request in browser.requests:
                self.assertTrue(request.startswith(("file:", "data:")), request)

    def test_enter_plays_the_moment_and_j_and_k_go_from_answer_to_answer(self):
        with Browser(1000, 900) as browser:
            browser.open(self.page)
            browser.press("Tab")
            first = browser.evaluate("document.activeElement.getAttribute('aria-label')")
            self.assertTrue(first.startswith("Play clips/3-big-red-square-vertical.mp4 from 0:0"), first)
            browser.press("j")
            browser.press("j")
            browser.press("k")
            start = browser.evaluate("Number(document.activeElement.dataset.start) / 1000")
            name = browser.evaluate("document.activeElement.dataset.name")
            browser.press("Enter")
            browser.wait("document.querySelector('video')?.readyState >= 2 && document.querySelector('video').currentTime > 0")
            self.assertGreaterEqual(browser.evaluate("document.querySelector('video').currentTime"), start)
            self.assertEqual(browser.evaluate("document.activeElement.tagName"), "VIDEO")
            self.assertIn(name, browser.evaluate("decodeURIComponent(document.querySelector('video').src)"))
            self.assertGreater(browser.evaluate("document.querySelector('video').videoWidth"), 0)

    def test_a_click_plays(self):
        with Browser(1000, 900) as browser:
            browser.open(self.page)
            browser.click("li:nth-child(2) .shot")
            browser.wait("document.querySelector('li:nth-child(2) video')?.readyState >= 2")

    def test_it_is_readable_at_400_per_cent(self):
        # 1280 pixels at 400 per cent are 320.
        with Browser(320, 800) as browser:
            browser.open(self.page)
            self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), 320)
            for box in browser.evaluate("[...document.querySelectorAll('h1, h2, .time, .score, .shot')].map(e => "
                                        "{const r = e.getBoundingClientRect(); return [r.left, r.right]})"):
                self.assertGreaterEqual(box[0], 0)
                self.assertLessEqual(box[1], 320)

    def test_a_clip_that_has_gone_is_told_in_a_sentence(self):
        self.pipit("search", "clips.index", "--text", QUERY, "-k", "1", "--html", "gone.html")
        clip = self.here / "clips/3-big-red-square-vertical.mp4"
        away = clip.rename(self.here / "away.mp4")
        try:
            with Browser(1000, 900) as browser:
                browser.open((self.here / "gone.html").as_uri())
                browser.press("Tab")
                browser.press("Enter")
                said = browser.wait("document.querySelector('.fault')?.textContent")
                self.assertEqual(said, "The browser cannot play 'clips/3-big-red-square-vertical.mp4': the clip is not at its place, or "
                                       "in a format that the browser does not know.")
                self.assertTrue(browser.evaluate("document.activeElement.classList.contains('shot')"))
        finally:
            away.rename(clip)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
