"""The search page as a person uses it, in a real Chromium."""

import unittest

from browser import Browser
from serving import Folder, SOURCE, Server

QUERY = "three big red squares moving up and down"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.server = Server(cls.folder.path, SOURCE / "pipelines/text_embedding.yaml", "--index", "clips.index", "--media-root", "clips").__enter__()
        cls.address = f"http://{cls.server.address}/"

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.remove()

    def ask(self, browser, text):
        browser.open(self.address)
        browser.wait("document.activeElement.id === 'text' && document.querySelector('#index').options.length === 1")
        browser.type(text)
        browser.press("Enter")
        browser.wait("document.querySelectorAll('li').length > 0")

    def test_type_enter_look_and_play_from_the_keyboard_alone(self):
        with Browser(1000, 900) as browser:
            self.ask(browser, QUERY)
            self.assertEqual(browser.evaluate("document.querySelector('h2').textContent"), "3-big-red-square-vertical.mp4")
            self.assertEqual(browser.evaluate("document.querySelector('#said').textContent"), f"8 answers for “{QUERY}”")
            browser.wait("[...document.querySelectorAll('.shot img')].slice(0, 2).every(i => i.naturalWidth > 600)")
            box = browser.evaluate("(r => [r.x, r.y, r.width, r.height])(document.querySelector('.shot img').getBoundingClientRect())")
            self.assertGreater(browser.screenshot().share(box, lambda red, green, blue: red > 150 and green < 110 and blue < 110), 0.02)
            browser.evaluate("document.activeElement.blur()")
            browser.press("j")
            browser.press("j")
            browser.press("k")
            self.assertTrue(browser.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Play 3-big-red-square-vertical.mp4 from 0:0"))
            browser.press("Enter")
            browser.wait("document.querySelector('video')?.readyState >= 2 && document.querySelector('video').currentTime > 0")
            browser.press("/")
            # A video takes the key for itself; the box is reached by the page's.
            browser.evaluate("document.activeElement.blur()")
            browser.press("/")
            self.assertEqual(browser.evaluate("document.activeElement.id"), "text")
            self.assertEqual(browser.complaints, [])
            for request in browser.requests:
                self.assertTrue(request.startswith((self.address, "data:", "about:")), request)

    def test_find_similar_asks_with_the_answer(self):
        with Browser(1000, 900) as browser:
            self.ask(browser, "a small green cross")
            first = browser.evaluate("document.querySelector('h2').textContent")
            browser.click(".similar")
            browser.wait("document.querySelector('#said').textContent.includes('what is like')")
            browser.wait("document.querySelectorAll('li').length > 0 && !document.querySelector('#said').textContent.includes('Searching')")
            self.assertEqual(browser.evaluate("document.querySelector('h2').textContent"), first)
            self.assertGreater(float(browser.evaluate("document.querySelector('.score').textContent")), 0.9)

    def test_an_error_is_a_sentence(self):
        with Browser(1000, 900) as browser:
            browser.open(self.address)
            browser.wait("document.activeElement.id === 'text'")
            browser.press("Enter")
            said = browser.wait("document.querySelector('#said.fault')?.textContent")
            self.assertEqual(said, "Type what you are looking for, or choose a picture.")
            self.assertEqual(browser.evaluate("document.querySelector('#said').getAttribute('role')"), "alert")

    def test_a_narrow_window_needs_no_scrolling_sideways(self):
        with Browser(320, 800) as browser:
            self.ask(browser, QUERY)
            browser.wait("document.querySelector('.shot img')?.naturalWidth > 0")
            self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), 320)

    def test_a_query_is_text_and_never_markup(self):
        with Browser(1000, 900) as browser:
            self.ask(browser, "<img src=x onerror=document.title='bad'>")
            self.assertEqual(browser.evaluate("document.title"), "Search")
            self.assertEqual(browser.evaluate("document.querySelectorAll('#said img').length"), 0)


if __name__ == "__main__":
    unittest.main(argv=["page"], verbosity=2)
