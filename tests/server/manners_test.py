"""HTTP as the rude, the slow and the sly speak it: whoever they are, others are served on."""

import json
import resource
import signal
import socket
import threading
import time
import unittest

from serving import Folder, PIPIT, Server, everything

UPPER = "pipit: 1\ninputs: {text: string}\nnodes:\n  - {name: up, op: test/text.upper, in: text, out: text}\noutputs: [text]\n"
SLEEP = "pipit: 1\ninputs: {text: string}\nnodes:\n  - {name: nap, op: test/text.sleep, in: text, out: text, args: {ms: 700}}\noutputs: [text]\n"
with open(PIPIT, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()
GOOD = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


def post(path, body, *headers, length=None):
    lines = [f"POST {path} HTTP/1.1", "Host: a", "Content-Type: application/json", f"Content-Length: {len(body) if length is None else length}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Manners(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.folder.write("up.yaml", UPPER)
        cls.folder.write("nap.yaml", SLEEP)
        point = "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\n"
        cls.folder.write("point.yaml", "pipit: 1\ninputs: {text: string}\nnodes:\n" + point + "outputs: [text, vec]\nindex: {vector: vec, text: slow.yaml}\n")
        cls.folder.write("slow.yaml", SLEEP.replace("outputs: [text]\n", point + "outputs: [vec]\n"))
        cls.folder.run("run", "point.yaml", "--input", "text=1 2", "--output", "slow.index")

    @classmethod
    def tearDownClass(cls):
        cls.folder.remove()

    def server(self, *words, **more):
        return Server(self.folder.path, "up.yaml", "nap.yaml", *words, **more)

    def test_requests_of_one_connection_are_answered_in_their_order(self):
        with self.server() as server:
            texts = [b'{"text":"%d"}' % i for i in range(20)]
            data = b"".join(post("/v1/pipelines/" + ("nap" if i == 0 else "up"), text, *(["Connection: close"] if i == 19 else [])) for i, text in enumerate(texts))
            answers = [json.loads(line)["text"] for line in server.raw(data).split(b"\n") if line.startswith(b'{"item"')]
            self.assertEqual(answers, [str(i) for i in range(20)])

    def test_a_body_in_chunks_is_a_body(self):
        with self.server() as server:
            request = b"POST /v1/pipelines/up HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            answer = server.raw(request + b'7\r\n{"text"\r\n5\r\n:"a"}\r\n0\r\n\r\n')
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
            self.assertIn(b'"text":"A"', answer)

    def test_a_client_that_asks_first_is_told_to_go_on(self):
        with self.server() as server, server.connect() as made:
            made.sendall(post("/v1/pipelines/up", b"", "Expect: 100-continue", "Connection: close", length=12))
            self.assertEqual(made.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            made.sendall(b'{"text":"a"}')
            self.assertIn(b'"text":"A"', everything(made))

    def test_a_body_that_is_too_large_is_refused_before_it_comes(self):
        with self.server("--max-body", "1") as server, server.connect() as made:
            made.sendall(post("/v1/pipelines/up", b"", "Expect: 100-continue", length=5 << 20))
            answer = everything(made)
            self.assertTrue(answer.startswith(b"HTTP/1.1 413"), answer)
            self.assertIn(b"a request's body may have 1048576 bytes", answer)
            chunked = b"POST /v1/pipelines/up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b"x" * 0x100000 + b"\r\n100000\r\n" + b"x" * 0x100000
            self.assertTrue(server.raw(chunked).startswith(b"HTTP/1.1 413"))

    def test_what_two_servers_could_read_in_two_ways_is_refused(self):
        body = b'{"text":"a"}'
        with self.server() as server:
            for sly in (["Content-Length: 3"], ["Transfer-Encoding: chunked"], ["Transfer-Encoding: xchunked"], ["Content-Length : 12"], [" folded"]):
                with self.subTest(sly=sly):
                    answer = server.raw(post("/v1/pipelines/up", body, *sly) + GOOD, seconds=3)
                    self.assertFalse(answer.startswith(b"HTTP/1.1 200"), answer)
                    self.assertEqual(answer.count(b"HTTP/1.1"), 1, answer)
            for broken in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/3.7\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n"):
                with self.subTest(broken=broken):
                    answer = server.raw(broken + b"\r\n\r\n", seconds=3)
                    self.assertTrue(answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 505")), answer)
            self.assertEqual(server.get("/health/live")[0], 200)

    def test_headers_without_end_are_refused(self):
        with self.server() as server:
            answer = server.raw(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(40)))
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 431"), answer)
            self.assertEqual(server.get("/health/live")[0], 200)

    def test_a_slow_sender_is_given_up(self):
        with self.server("--timeout", "1") as server, server.connect() as made:
            made.sendall(post("/v1/pipelines/up", b"", length=12)[:-1] + b"\n{")
            begun = time.monotonic()
            self.assertEqual(everything(made), b"")
            self.assertLess(time.monotonic() - begun, 20)

    def test_a_slow_reader_holds_nobody_up(self):
        with self.server("--timeout", "2", "--max-queue", "2") as server:
            made = server.connect()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lines = b'{"text":"%s"}\n' % (b"a" * 100000) * 400
            sending = threading.Thread(target=lambda: self.ignore(made.sendall, (
                "POST /v1/pipelines/up HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                f"Content-Length: {len(lines)}\r\n\r\n").encode() + lines))
            sending.start()
            time.sleep(0.5)
            for _ in range(10):
                self.assertEqual(server.post("/v1/pipelines/up", {"text": "b"})[0], 200)
            deadline = time.monotonic() + 20
            while not [line for line in server.lines() if line["bytes_in"] > 1000000]:
                self.assertLess(time.monotonic(), deadline, "the slow reader was not given up")
                time.sleep(0.1)
            made.close()
            sending.join()

    @staticmethod
    def ignore(function, *arguments):
        try:
            function(*arguments)
        except OSError:
            pass

    def test_when_all_places_are_taken_others_are_told_to_come_again(self):
        with self.server("--max-queue", "2") as server:
            answers = []
            asking = [threading.Thread(target=lambda: answers.append(server.request("POST", "/v1/pipelines/nap", '{"text":"a"}', {"Content-Type": "application/json"}))) for _ in range(6)]
            for thread in asking:
                thread.start()
            time.sleep(0.2)
            self.assertEqual(server.get("/health/live")[0], 200)
            for thread in asking:
                thread.join()
            self.assertEqual(sorted(status for status, _, _ in answers), [200, 200, 429, 429, 429, 429])
            full = next(answer for answer in answers if answer[0] == 429)
            self.assertEqual(full[1]["retry-after"], "1")
            self.assertEqual(json.loads(full[2])["error"], {"message": "2 requests are under way, as many as may be", "type": "rate_limit_error", "param": None, "code": "overloaded"})

    def test_an_item_that_is_not_done_in_time_is_told(self):
        with self.server("--timeout", "0.3") as server:
            status, answer = server.post("/v1/pipelines/nap", {"text": "a"})
            self.assertEqual(status, 504)
            self.assertEqual(answer["error"]["code"], "timeout")

    def test_a_query_that_is_not_understood_in_time_is_told(self):
        with Server(self.folder.path, "--index", "slow.index", "--timeout", "0.3") as server:
            status, answer = server.post("/v1/search", {"text": "1 2"})
            self.assertEqual((status, answer["error"]["code"]), (504, "timeout"))
            self.assertEqual(answer["error"]["message"], "the query was not understood in the time that a request has")

    @unittest.skipIf(SANITIZED, "a sanitizer's own memory is beyond any bound")
    def test_an_item_that_needs_more_than_the_memory_fails_and_others_are_served_on(self):
        self.folder.write("content.yaml", "pipit: 1\ninputs: {text: string}\nnodes:\n  - {name: read, op: test/text.content, in: text, out: bytes}\noutputs: [bytes]\n")
        self.folder.write("small.txt", "ab")
        with open(self.folder.path / "large.txt", "wb") as large:
            large.truncate(1 << 30)
        # Its threads do not have room for their stacks all at once: those that there are take turns.
        with self.server("content.yaml", "--memory", "256") as server:
            answers = {name: server.post("/v1/pipelines/content", {"text": name + ".txt"})[1] for name in ("large", "small")}
            self.assertEqual([answers["large"]["error"][key] for key in ("code", "message")], ["out_of_memory", "node 'read': memory is exhausted"])
            self.assertEqual(answers["small"]["bytes"], [97, 98])
            answered = []
            clients = [threading.Thread(target=lambda: answered.append(server.post("/v1/pipelines/up", {"text": "a"})[0])) for _ in range(100)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            self.assertEqual(answered, [200] * 100)
            self.assertEqual(server.signal(signal.SIGTERM), 0)

    def test_a_client_that_goes_away_ends_its_stream(self):
        with self.server() as server:
            lines = b'{"text":"a"}\n' * 100
            made = server.connect()
            made.sendall(f"POST /v1/pipelines/nap HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nContent-Length: {len(lines)}\r\n\r\n".encode() + lines)
            made.recv(100)
            made.close()
            deadline = time.monotonic() + 20
            while not server.lines():
                self.assertLess(time.monotonic(), deadline, "the stream goes on for nobody")
                time.sleep(0.1)
            metrics = server.get("/metrics")[2].decode()
            rows = next(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith('pipit_node_rows_total{model="nap"'))
            self.assertLess(rows, 100)

    def test_two_thousand_idle_connections_do_no_harm(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 5000:
            self.skipTest(f"the system gives a process {hard} descriptors, and the test takes 5000")
        resource.setrlimit(resource.RLIMIT_NOFILE, (5000, hard))
        try:
            with self.server() as server:
                before = self.memory(server)
                idle = [server.connect() for _ in range(2000)]
                for made in idle:
                    made.sendall(GOOD)
                for made in idle:
                    self.assertTrue(made.recv(1000).startswith(b"HTTP/1.1 200"))
                self.assertEqual(server.post("/v1/pipelines/up", {"text": "b"})[0], 200)
                if not SANITIZED:  # which puts a margin around each allocation
                    self.assertLess((self.memory(server) - before) / 2000, 16, "KiB a connection")
                for made in idle:
                    made.close()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    @staticmethod
    def memory(server):
        """KiB that are the process's own."""
        with open(f"/proc/{server.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))

    def test_connections_beyond_the_descriptors_wait_and_others_are_served_on(self):
        few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))}
        with Server(self.folder.path, "up.yaml", **few) as server:
            first = server.connect()
            many = [server.connect() for _ in range(200)]
            first.sendall(GOOD)
            self.assertTrue(first.recv(1000).startswith(b"HTTP/1.1 200"))
            for made in [first, *many]:
                made.close()
            deadline = time.monotonic() + 20
            while True:
                try:
                    self.assertEqual(server.get("/health/live")[0], 200)
                    break
                except OSError:
                    self.assertLess(time.monotonic(), deadline)

    def test_it_ends_when_it_is_told_to_with_what_it_has_begun(self):
        with self.server() as server:
            answers = []
            asking = threading.Thread(target=lambda: answers.append(server.post("/v1/pipelines/nap", {"text": "a"})))
            asking.start()
            time.sleep(0.3)
            idle = server.connect()
            self.assertEqual(server.signal(signal.SIGTERM), 0)
            asking.join()
            self.assertEqual(answers[0], (200, {"item": 0, "text": "a"}))
            self.assertEqual(everything(idle), b"")
            idle.close()

    def test_a_client_that_has_sent_more_gets_its_answer_at_the_end_too(self):
        with self.server() as server, server.connect() as made:
            made.sendall(post("/v1/pipelines/nap", b'{"text":"a"}') + b"GET /health/live HT")
            time.sleep(0.3)
            self.assertEqual(server.signal(signal.SIGTERM), 0)
            self.assertIn(b'{"item":0,"text":"a"}', everything(made))

    def test_a_changed_pipeline_takes_the_place_of_the_old_one_and_no_request_is_lost(self):
        with self.server() as server:
            statuses, over = set(), threading.Event()

            def ask():
                while not over.is_set():
                    statuses.add(server.post("/v1/pipelines/up", {"text": "b"})[0])
            asking = threading.Thread(target=ask)
            asking.start()
            self.folder.write("up.yaml", UPPER.replace("test/text.upper", "test/text.nothing"))
            server.signal(signal.SIGHUP)
            self.until(lambda: "not reloaded, what was served goes on:\nup.yaml:4" in server.said())
            self.assertEqual(server.post("/v1/pipelines/up", {"text": "b"})[1]["text"], "B")
            self.folder.write("up.yaml", UPPER.replace("outputs: [text]", "outputs: [text, text_again]").replace("out: text}", "out: text_again}"))
            server.signal(signal.SIGHUP)
            self.until(lambda: "\nreloaded\n" in server.said())
            over.set()
            asking.join()
            self.folder.write("up.yaml", UPPER)
            self.assertEqual(server.post("/v1/pipelines/up", {"text": "b"})[1]["text_again"], "B")
            self.assertEqual(statuses, {200})

    def until(self, is_true):
        deadline = time.monotonic() + 20
        while not is_true():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_a_unix_socket_and_ipv6_serve(self):
        with self.server(listen="unix:pipit.sock") as server:
            self.assertEqual(server.get("/health/live")[0], 200)
            self.assertEqual(server.signal(signal.SIGINT), 0)
        self.assertFalse((self.folder.path / "pipit.sock").exists())
        if socket.has_ipv6:
            with self.server(listen="[::1]:0") as server:
                self.assertEqual(server.get("/health/live")[0], 200)

    def test_what_cannot_be_served_is_told(self):
        for words, said in ((["up.yaml", "--listen", "0.0.0.0:0"], "'0.0.0.0:0' can be reached by other machines: guard it with --api-key-file FILE, or say --no-auth\n"),
                            (["up.yaml", "--listen", "8080"], "an address to listen at is HOST:PORT, [IPV6]:PORT or unix:PATH, found '8080'\n"),
                            (["up.yaml", "--listen", "example.org:80"], "'example.org' is not an IP address to listen at (in 'example.org:80'); names other than 'localhost' are not looked up\n"),
                            ([], "pipit: nothing to serve: give a pipeline, or --index DIR.index\n"),
                            (["none.yaml"], "cannot open pipeline 'none.yaml': No such file or directory\n"),
                            (["up.yaml", "up=nap.yaml"], "two pipelines are called 'up'; name one: NAME=FILE\n"),
                            (["up.yaml", "--media-root", "none"], "--media-root 'none' cannot be opened: No such file or directory\n"),
                            (["up.yaml", "--api-key-file", "up.yaml"], None)):
            with self.subTest(words=words):
                with self.assertRaises(AssertionError) as refused:
                    listen = words[words.index("--listen") + 1] if "--listen" in words else "127.0.0.1:0"
                    rest = [word for word in words if word not in ("--listen", listen)]
                    with Server(self.folder.path, *rest, listen=listen):
                        pass
                if said is not None:
                    self.assertEqual(str(refused.exception), "the server is not ready: " + said)


if __name__ == "__main__":
    unittest.main(argv=["manners"], verbosity=2)
