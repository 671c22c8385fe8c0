"""Clients that others wrote, as they are: OpenAI's, LangChain's, Triton's and Prometheus', and schemathesis over the description of the
routes."""

import json
import subprocess
import sys
import unittest
import warnings

# The clients' own affairs.
warnings.simplefilter("default")

import numpy  # noqa: E402
import openai  # noqa: E402
import tritonclient.http  # noqa: E402
from langchain_openai import OpenAIEmbeddings  # noqa: E402
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

from serving import Folder, SOURCE, Server  # noqa: E402


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.server = Server(cls.folder.path, SOURCE / "pipelines/video_text.yaml", "--index", "clips.index", "--media-root", "clips").__enter__()
        cls.address = f"http://{cls.server.address}"
        cls.expected = cls.server.post("/v1/embeddings", {"model": "text_embedding", "input": "a red car"})[1]["data"][0]["embedding"]

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.remove()

    def test_openai(self):
        client = openai.OpenAI(base_url=f"{self.address}/v1", api_key="-")
        answer = client.embeddings.create(model="text_embedding", input=["a red car", "a blue one"])
        self.assertEqual(len(answer.data), 2)
        numpy.testing.assert_array_equal(numpy.float32(answer.data[0].embedding), numpy.float32(self.expected))
        self.assertIn("text_embedding", [model.id for model in client.models.list()])
        with self.assertRaises(openai.NotFoundError) as refused:
            client.embeddings.create(model="text", input="a")
        self.assertIn("there is no model 'text'", str(refused.exception))

    def test_langchain(self):
        embeddings = OpenAIEmbeddings(base_url=f"{self.address}/v1", api_key="-", model="text_embedding", check_embedding_ctx_length=False)
        numpy.testing.assert_array_equal(numpy.float32(embeddings.embed_query("a red car")), numpy.float32(self.expected))
        self.assertEqual(len(embeddings.embed_documents(["a", "b", "c"])), 3)

    def test_triton(self):
        client = tritonclient.http.InferenceServerClient(self.server.address)
        self.assertTrue(client.is_server_live() and client.is_server_ready() and client.is_model_ready("text_embedding"))
        self.assertEqual(client.get_model_metadata("text_embedding")["inputs"], [{"name": "text", "datatype": "BYTES", "shape": [-1]}])
        texts = tritonclient.http.InferInput("text", [2], "BYTES")
        texts.set_data_from_numpy(numpy.array([b"a red car", b"a blue one"], dtype=object), binary_data=False)
        wanted = tritonclient.http.InferRequestedOutput("vec", binary_data=False)
        vectors = client.infer("text_embedding", [texts], outputs=[wanted]).as_numpy("vec")
        self.assertEqual(vectors.shape, (2, 128))
        numpy.testing.assert_array_equal(vectors[0], numpy.float32(self.expected))

    def test_prometheus(self):
        families = {family.name: family for family in text_string_to_metric_families(self.server.get("/metrics")[2].decode())}
        self.assertEqual({"pipit_requests", "pipit_request_seconds", "pipit_items", "pipit_under_way", "pipit_ready", "pipit_node_rows"} - set(families), set())
        asked = [sample for sample in families["pipit_requests"].samples if sample.labels == {"route": "/v1/embeddings", "status": "200"}]
        self.assertGreater(asked[0].value, 0)

    def test_schemathesis(self):
        ran = subprocess.run([sys.executable, "-m", "schemathesis.cli", "run", f"{self.address}/openapi.json", "--url", self.address, "--max-examples", "15", "--seed", "7",
                              "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                              "--exclude-path", "/v1/pictures/{index}/{row}"],
                             cwd=self.folder.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(ran.returncode, 0, ran.stdout[-6000:])


if __name__ == "__main__":
    unittest.main(argv=["clients"], verbosity=2)
