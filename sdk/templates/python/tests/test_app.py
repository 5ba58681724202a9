"""Calls the handler as the host does: python -m unittest discover tests -t ."""

import unittest

from app import handle
from faas import Request


class HandlerTest(unittest.TestCase):
    def test_says_hello(self) -> None:
        self.assertEqual(handle(Request(target="/?name=you+two")).body, b"Hello from you two\n")

    def test_sends_the_body_back(self) -> None:
        response = handle(Request("POST", "/echo", body=b"abc"))
        self.assertEqual(b"".join(response.body), b"abc")

    def test_knows_no_other_path(self) -> None:
        self.assertEqual(handle(Request(target="/nothing")).status, 404)


if __name__ == "__main__":
    unittest.main()
