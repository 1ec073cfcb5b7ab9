"""What is signed is the exclusive canonical form, as libxml2 writes it, and says what it was made of."""

import os
import time
import unittest

import programs
from lxml import etree

COUNT = int(os.environ.get("COUNTERSIGN_SAML_DOCUMENTS", 2000))


def canonical(xml):
    parser = etree.XMLParser(resolve_entities=False, remove_blank_text=False, huge_tree=False)
    return etree.tostring(etree.fromstring(xml.encode(), parser), method="c14n", exclusive=True, with_comments=False)


def texts(element):
    """Of an element and all beneath it: the values of its attributes by name, then its text."""
    for name in sorted(element.attrib):
        yield element.attrib[name]
    yield element.text or ""
    for child in element:
        yield from texts(child)


class RandomDocuments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seed = int(os.environ.get("COUNTERSIGN_SAML_SEED", time.time()))
        cls.documents = programs.run("random_documents", cls.seed, COUNT)

    def test_each_is_in_exclusive_canonical_form_already(self):
        for number, document in enumerate(self.documents):
            with self.subTest(f"seed {self.seed}, document {number}"):
                self.assertEqual(document["xml"].encode(), canonical(document["xml"]))

    def test_each_says_what_it_was_made_of(self):
        for number, document in enumerate(self.documents):
            with self.subTest(f"seed {self.seed}, document {number}"):
                self.assertEqual(document["texts"], list(texts(etree.fromstring(document["xml"].encode()))))

    def test_they_hold_what_is_hard_to_write(self):
        self.assertEqual(len(self.documents), COUNT)
        written = "".join(text for document in self.documents for text in document["texts"])
        for character in "&<>\"'\t\n\r":
            self.assertIn(character, written)
        self.assertTrue(any(ord(character) > 0xFFFF for character in written))
        self.assertTrue(any(document["xml"].count(' xmlns:ds="') > 1 for document in self.documents))


if __name__ == "__main__":
    unittest.main()
