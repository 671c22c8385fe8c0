"""What each route answers, and in what form it refuses."""

import base64
import json
import struct
import unittest

from serving import Folder, PIPIT, SOURCE, Server, environment

JSON = {"Content-Type": "application/json"}


def form(parts):
    """A body of multipart/form-data, and its type. A part: name, content, and a file's name."""
    body = b""
    for name, content, *file in parts:
        about = f'; filename="{file[0]}"' if file else ""
        body += f'--XYZ\r\nContent-Disposition: form-data; name="{name}"{about}\r\n\r\n'.encode() + content + b"\r\n"
    return body + b"--XYZ--\r\n", {"Content-Type": "multipart/form-data; boundary=XYZ"}


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.folder.write("outside.txt", "a secret")
        (cls.folder.path / "clips/link.mp4").symlink_to(cls.folder.path / "outside.txt")
        cls.folder.write("keys", "# for tests\nthe-key-of-a-test\n")
        cls.server = Server(cls.folder.path, SOURCE / "pipelines/video_text.yaml", "--index", "clips.index", "--media-root", "clips").__enter__()
        cls.clip = (cls.folder.path / "clips/1-small-green-cross-still.mp4").read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.remove()

    def refused(self, path, body, status, message, code=None, **headers):
        got, answer = self.server.post(path, body, **headers)
        self.assertEqual((got, answer["error"]["message"]), (status, message))
        if code:
            self.assertEqual(answer["error"]["code"], code)

    def test_models_are_those_of_files_and_of_the_index(self):
        _, _, body = self.server.get("/v1/models")
        models = {model["id"]: model for model in json.loads(body)["data"]}
        self.assertEqual(sorted(models), ["image_embedding", "text_embedding", "video_embedding", "video_text"])
        self.assertEqual(models["text_embedding"]["embeds"], "texts")
        self.assertEqual(models["video_embedding"]["embeds"], "files")
        self.assertEqual(models["text_embedding"]["dimensions"], 128)
        self.assertNotIn("embeds", models["video_text"])
        self.assertEqual(json.loads(self.server.get("/v1/models/video_text")[2])["inputs"], [{"name": "path", "type": "string"}, {"name": "text", "type": "string"}])

    def test_vectors_are_those_of_a_run(self):
        self.folder.run("run", SOURCE / "pipelines/text_embedding.yaml", "--input", "text=a red car", "--output", "run.jsonl", "--overwrite")
        expected = json.loads((self.folder.path / "run.jsonl").read_text())["vec"]
        status, answer = self.server.post("/v1/embeddings", {"model": "text_embedding", "input": ["a red car", "a blue one"]})
        self.assertEqual(status, 200)
        self.assertEqual(answer["data"][0]["embedding"], expected)
        self.assertEqual([one["index"] for one in answer["data"]], [0, 1])
        self.assertEqual(answer["usage"], {"prompt_tokens": 6, "total_tokens": 6})
        packed = self.server.post("/v1/embeddings", {"model": "text_embedding", "input": "a red car", "encoding_format": "base64"})[1]
        numbers = struct.unpack(f"<{len(expected)}f", base64.b64decode(packed["data"][0]["embedding"]))
        self.assertEqual([struct.pack("<f", number) for number in expected], [struct.pack("<f", number) for number in numbers])

    def test_a_clip_is_the_same_however_it_comes(self):
        named = self.server.post("/v1/embeddings", {"model": "video_embedding", "input": {"video": "1-small-green-cross-still.mp4"}})
        data = "data:video/mp4;base64," + base64.b64encode(self.clip).decode()
        packed = self.server.post("/v1/embeddings", {"model": "video_embedding", "input": [{"video": data}]})
        body, headers = form([("model", b"video_embedding"), ("video", self.clip, "a.mp4")])
        sent = self.server.request("POST", "/v1/embeddings", body, headers)
        vectors = [named[1]["data"][0]["embedding"], packed[1]["data"][0]["embedding"], json.loads(sent[2])["data"][0]["embedding"]]
        self.assertEqual(vectors[0], vectors[1])
        self.assertEqual(vectors[0], vectors[2])

    def test_an_item_that_fails_costs_itself_alone(self):
        status, answer = self.server.post("/v1/embeddings", {"model": "video_embedding", "input": ["1-small-green-cross-still.mp4", "none.mp4", {"video": "data:video/mp4;base64,AAAA"}]})
        self.assertEqual(status, 200)
        self.assertEqual(len(answer["data"][0]["embedding"]), 128)
        self.assertEqual((answer["data"][1]["embedding"], answer["data"][1]["error"]), (None, {"message": "there is no file 'none.mp4' among the media", "code": "not_found"}))
        self.assertIsNone(answer["data"][2]["embedding"])
        self.assertNotIn("/proc/", answer["data"][2]["error"]["message"])
        self.assertIn("'the data URI'", answer["data"][2]["error"]["message"])
        self.refused("/v1/embeddings", {"model": "video_embedding", "input": "none.mp4"}, 422, "there is no file 'none.mp4' among the media", "not_found")

    def test_no_path_leads_out_of_the_media(self):
        for path in ("../outside.txt", "link.mp4", "/etc/passwd", str(self.folder.path / "outside.txt"), "clips/../../outside.txt", "", ".", "a\x00b", "\u00e9" * 5000):
            with self.subTest(path=path):
                status, answer = self.server.post("/v1/embeddings", {"model": "video_embedding", "input": path})
                self.assertEqual((status, answer["error"]["code"]), (422, "not_found"))
                self.assertEqual(answer["error"]["message"], f"there is no file '{path}' among the media")
        absolute = str(self.folder.path / "clips/1-small-green-cross-still.mp4")
        self.assertEqual(self.server.post("/v1/embeddings", {"model": "video_embedding", "input": absolute})[0], 200)
        for path in ("/media/link.mp4", "/media/%2e%2e/outside.txt", "/media/..%2foutside.txt", "/media//etc/passwd"):
            with self.subTest(path=path):
                self.assertIn(self.server.get(path)[0], (400, 422))

    def test_what_is_wrong_with_a_request_for_embeddings_is_told(self):
        path = "/v1/embeddings"
        self.refused(path, {"model": "text", "input": "a"}, 404, "there is no model 'text'; there are: 'image_embedding', 'text_embedding', 'video_embedding' and 'video_text'", "not_found")
        self.refused(path, {"model": "text_embedding"}, 400, "'input' is missing")
        self.refused(path, {"input": "a"}, 400, "'model' is missing")
        self.refused(path, {"model": "text_embedding", "input": []}, 400, "'input' is empty")
        self.refused(path, {"model": "text_embedding", "input": [1, 2]}, 400, "'input' has token numbers; give it texts: the model's own tokens are made here")
        self.refused(path, {"model": "text_embedding", "input": {"video": "a.mp4"}}, 400, "model 'text_embedding' embeds texts, and an item of 'input' is of 'video'")
        self.refused(path, {"model": "text_embedding", "input": "a", "dimensions": 64}, 400, "'dimensions' is 64, and model 'text_embedding' gives 128")
        self.refused(path, {"model": "text_embedding", "input": "a", "encoding_format": "int8"}, 400, "'encoding_format' is 'int8', expected 'float' or 'base64'")
        self.refused(path, {"model": "text_embedding", "input": ["a"] * 2049}, 413, "'input' has 2049 items, at most 2048 are taken")
        self.refused(path, {"model": "video_embedding", "input": "https://example.org/a.mp4"}, 400, "'https://example.org/a.mp4': URLs are not read; send the file itself")
        self.refused(path, {"model": "video_text", "input": "a"}, 400, "model 'video_text' does not embed: it has 2 inputs and not one vector among its outputs; ask it at /v1/pipelines/video_text")
        for body, status, message in ((b"{", 400, "the body is not a JSON object"), (b"[1]", 400, "the body is not a JSON object"),
                                      (b"[" * 100 + b"]" * 100, 400, "the body is nested deeper than 32 levels")):
            got, _, answer = self.server.request("POST", path, body, JSON)
            self.assertEqual((got, json.loads(answer)["error"]["message"]), (status, message))
        got, _, answer = self.server.request("POST", path, b"{}", {"Content-Type": "text/plain"})
        self.assertEqual((got, json.loads(answer)["error"]["message"]), (415, "the request's Content-Type is 'text/plain', expected application/json"))

    def test_a_form_that_is_broken_is_told(self):
        for body, message in ((b"", "it does not begin with its boundary"), (b"--XYZ\r\n", "a part has no end"),
                              (b"--XYZ\r\nA: b\r\n\r\nx\r\n--XYZ--", "a part has no name"), (b"--XYZ\r\nno end of headers\r\n--XYZ--", "a part has no end of its headers")):
            status, _, answer = self.server.request("POST", "/v1/embeddings", body, {"Content-Type": "multipart/form-data; boundary=XYZ"})
            self.assertEqual((status, json.loads(answer)["error"]["message"]), (400, "the body is not multipart/form-data: " + message))

    def test_a_search_answers_as_the_program_does(self):
        import subprocess
        said = subprocess.run([PIPIT, "search", "clips.index", "--text", "three big red squares", "-k", "3", "--json"], check=True, cwd=self.folder.path, env=environment(), stdout=subprocess.PIPE, text=True).stdout
        expected = [json.loads(line) for line in said.splitlines()]
        status, answer = self.server.post("/v1/search", {"index": "clips", "text": "three big red squares", "k": 3})
        self.assertEqual(status, 200)
        for ours, theirs in zip(answer["data"], expected, strict=True):
            self.assertEqual((ours["rank"], ours["score"], ours["item"], ours["start_ms"], ours["end_ms"]), (theirs["rank"], theirs["score"], theirs["item"], theirs["start_ms"], theirs["end_ms"]))
            self.assertEqual("clips/" + ours["path"], theirs["path"])
            self.assertEqual(self.server.get(ours["media"])[0], 200)
            status, headers, picture = self.server.get(ours["picture"])
            self.assertEqual((status, headers["content-type"], picture[:2]), (200, "image/jpeg", b"\xff\xd8"))

    def test_a_search_takes_clips_pictures_and_vectors(self):
        vector = self.server.post("/v1/embeddings", {"model": "text_embedding", "input": "a small green cross"})[1]["data"][0]["embedding"]
        by_vector = self.server.post("/v1/search", {"vector": vector, "k": 1, "per": "clip"})[1]["data"][0]
        by_text = self.server.post("/v1/search", {"text": "a small green cross", "k": 1, "per": "clip"})[1]["data"][0]
        self.assertEqual(by_vector, by_text)
        by_clip = self.server.post("/v1/search", {"video": "1-small-green-cross-still.mp4", "start": 0, "end": 1, "k": 1})[1]["data"][0]
        self.assertEqual(by_clip["path"], "1-small-green-cross-still.mp4")
        picture = self.server.get(by_clip["picture"])[2]
        body, headers = form([("image", picture, "p.jpg"), ("k", b"1")])
        self.assertEqual(self.server.request("POST", "/v1/search", body, headers)[0], 200)
        where = self.server.post("/v1/search", {"text": "a cross", "where": {"path": "clips/1-small-white-cross-blinking.mp4"}})[1]["data"]
        self.assertEqual({answer["path"] for answer in where}, {"1-small-white-cross-blinking.mp4"})

    def test_a_file_that_is_sent_may_have_any_name(self):
        # As the server calls open files itself, so that a message would name them over and over.
        name = " ".join(f"/proc/self/fd/{number}" for number in range(200))
        body, headers = form([("image", b"no picture", name)])
        status, _, answer = self.server.request("POST", "/v1/search", body, headers)
        error = json.loads(answer)["error"]
        self.assertEqual((status, error["code"]), (422, "invalid_input"))
        self.assertIn(f"'{name}'", error["message"])
        body, headers = form([("model", b"video_embedding"), ("video", b"no clip", name)])
        status, _, answer = self.server.request("POST", "/v1/embeddings", body, headers)
        self.assertEqual(status, 422)
        self.assertIn(f"'{name}'", json.loads(answer)["error"]["message"])

    def test_what_is_wrong_with_a_query_is_told(self):
        path = "/v1/search"
        self.refused(path, {}, 400, "nothing to search for: give 'text', 'image', 'video' or 'vector'")
        self.refused(path, {"text": "a", "image": "b"}, 400, "a query has one of 'text', 'image', 'video' and 'vector', found 'text' and 'image'")
        self.refused(path, {"text": "  "}, 422, "the query is empty")
        self.refused(path, {"text": "a", "k": 0}, 400, "'k' is not a whole number from 1 to 1000")
        self.refused(path, {"text": "a", "per": "frame"}, 400, "'per' is 'frame', expected 'moment', 'clip' or 'row'")
        self.refused(path, {"text": "a", "index": "clip"}, 404, "there is no index 'clip'; did you mean 'clips'?; there are: 'clips'")
        self.refused(path, {"vector": [1, 2]}, 422, "the query has 2 numbers, the vectors of index 'clips.index' have 128")
        self.refused(path, {"vector": []}, 422, "the query has 0 numbers, the vectors of index 'clips.index' have 128")
        self.refused(path, {"vector": ["a"]}, 400, "'vector' is not a list of numbers")
        self.refused(path, {"image": "none.jpg"}, 422, "there is no file 'none.jpg' among the media")

    def test_lines_are_answered_in_order_and_one_that_is_wrong_fails_alone(self):
        lines = b'{"text":"a","id":7}\n\n{"txt":"b"}\nnot json\n{"text":"c"}\n'
        status, headers, body = self.server.request("POST", "/v1/pipelines/text_embedding", lines, {"Content-Type": "application/x-ndjson"})
        self.assertEqual((status, headers["transfer-encoding"]), (200, "chunked"))
        answers = [json.loads(line) for line in body.splitlines()]
        self.assertEqual([answer["item"] for answer in answers], [0, 1, 2, 3])
        self.assertEqual((answers[0]["id"], len(answers[0]["vec"])), (7, 128))
        self.assertEqual(answers[1]["error"], {"node": "", "code": "invalid_input", "message": "input 'text' is missing"})
        self.assertEqual(answers[2]["error"]["message"], "the line is not a JSON object")

    def test_a_file_comes_whole_or_in_part(self):
        path = "/media/1-small-green-cross-still.mp4"
        size = len(self.clip)
        status, headers, body = self.server.get(path)
        self.assertEqual((status, headers["content-type"], body), (200, "video/mp4", self.clip))
        for asked, status, part in (("bytes=0-99", 206, self.clip[:100]), ("bytes=100-", 206, self.clip[100:]), ("bytes=-50", 206, self.clip[-50:]),
                                    ("bytes=5-1000000", 206, self.clip[5:]), (f"bytes={size}-", 416, None), ("bytes=9-5", 200, self.clip), ("bytes=0-1,5-6", 200, self.clip)):
            with self.subTest(asked=asked):
                got, headers, body = self.server.get(path, Range=asked)
                self.assertEqual(got, status)
                if part is not None:
                    self.assertEqual(body, part)
        self.assertEqual(self.server.get(path, If_None_Match=self.server.get(path)[1]["etag"])[0], 304)
        status, headers, body = self.server.request("HEAD", path)
        self.assertEqual((status, headers["content-length"], body), (200, str(size), b""))

    def test_paths_and_methods_that_are_not_there_are_told(self):
        status, _, body = self.server.get("/v1/nothing")
        self.assertEqual((status, json.loads(body)["error"]["message"]), (404, "there is nothing at '/v1/nothing'; /openapi.json lists what there is"))
        status, headers, body = self.server.request("DELETE", "/v1/models")
        self.assertEqual((status, headers["allow"], json.loads(body)["error"]["message"]), (405, "GET", "'/v1/models' takes GET, found DELETE"))
        self.assertEqual(self.server.request("OPTIONS", "/v1/models")[0], 204)

    def test_every_route_of_the_description_is_there(self):
        described = json.loads(self.server.get("/openapi.json")[2])
        self.assertEqual(described["openapi"], "3.1.0")
        for path, methods in described["paths"].items():
            for method in methods:
                status, _, body = self.server.request(method.upper(), path.replace("{name}", "text_embedding").replace("{index}", "clips").replace("{row}", "0"), None, JSON)
                self.assertNotIn(status, (404, 405), (method, path, body))

    def test_the_log_and_the_response_have_one_id(self):
        status, headers, _ = self.server.get("/health/live", X_Request_Id="abc-1")
        self.assertEqual((status, headers["x-request-id"]), (200, "abc-1"))
        forged = self.server.get("/health/live", X_Request_Id='a","status":1')[1]["x-request-id"]
        self.assertNotIn('"', forged)
        line = next(line for line in self.server.lines() if line["id"] == "abc-1")
        self.assertEqual((line["method"], line["path"], line["status"]), ("GET", "/health/live", 200))
        self.assertLessEqual({"ms", "queue_ms", "work_ms", "write_ms", "bytes_in", "bytes_out"}, set(line))

    def test_a_key_is_asked_for_where_there_is_one(self):
        with Server(self.folder.path, SOURCE / "pipelines/text_embedding.yaml", "--api-key-file", "keys", listen="0.0.0.0:0") as server:
            self.assertEqual(server.get("/health/ready")[0], 200)
            for wrong in ({}, {"Authorization": "Bearer the-key-of-a-tes"}, {"Authorization": "the-key-of-a-test"}, {"Authorization": "Bearer "}):
                status, headers, body = server.request("GET", "/v1/models", headers=wrong)
                self.assertEqual((status, headers["www-authenticate"], json.loads(body)["error"]["code"]), (401, "Bearer", "invalid_api_key"))
            self.assertEqual(server.get("/v1/models", Authorization="Bearer the-key-of-a-test")[0], 200)
            status, _, body = server.request("POST", "/v1/embeddings", b"x" * 1000000, {"Content-Type": "application/json"})
            self.assertEqual(status, 401)

    def test_pages_of_others_may_ask_where_they_are_allowed_to(self):
        self.assertNotIn("access-control-allow-origin", self.server.get("/health/live")[1])
        with Server(self.folder.path, SOURCE / "pipelines/text_embedding.yaml", "--cors", "https://example.org") as server:
            status, headers, _ = server.request("OPTIONS", "/v1/embeddings", headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
            self.assertEqual((status, headers["access-control-allow-origin"]), (204, "https://example.org"))
            self.assertIn("Authorization", headers["access-control-allow-headers"])


if __name__ == "__main__":
    unittest.main(argv=["routes"], verbosity=2)
