"""The documents' examples: which of their blocks are run and how, and the folders of workbooks that they speak of."""

import re
import shutil
import zipfile
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2] / "demo"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^\w+[=-]# (.*)$")
ARCHIVE_MONTHS = 200
# What pausing and resuming answer where a worker of the job is up already, and where not yet.
OF_A_JOB = {"pausing": "paused", "running": "queued"}


def blocks(document):
    """[(kind, text, output or None)] in the document's order. `sql` is run in the database that the document's examples
    share, its output is the `text` block after it; `console` is a session of its own, prompts and output together; `yaml`
    is a configuration file."""
    found = []
    for kind, text in BLOCK.findall(document):
        if kind == "console":
            found.append((kind, *taken_apart(text)))
        elif kind in ("sql", "yaml"):
            found.append((kind, text, None))
        elif kind == "text" and found and found[-1][0] == "sql" and found[-1][2] is None:
            found[-1] = (*found[-1][:2], text)
    return found


def taken_apart(session):
    """What was typed at psql's prompts, and what it answered."""
    typed, answered = [], []
    for line in session.splitlines():
        prompt = PROMPT.match(line)
        (typed if prompt else answered).append(prompt[1] if prompt else line)
    return "\n".join(typed) + "\n", "\n".join(answered) + "\n"


def normalise(text):
    """The lines of an output without what differs from run to run, and without psql's alignment."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d)?", "<time>", text)
    text = re.sub(r"\d+\.\d+ s\b", "<seconds> s", text)
    text = re.sub(r"[ ]*\|[ ]*", " | ", re.sub(r"-+(\+-+)*", "---", text))
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]
    return [OF_A_JOB.get(line, line) for line in lines]


class Places:
    """The folders below /srv of the documents, laid out in a test's folder."""

    def __init__(self, folder):
        self.folder = folder
        self._copy("excel", "january")
        self._copy("reports", "report")
        self._copy("insurer", "january")
        self._copy("post", "later/claims/2024-02.xlsx")
        for source in ("january/claims/2024-01.xlsx", "later/claims/2024-02.xlsx", "later/claims/2024-03.xlsx"):
            self._copy("templates/claims", source)
        for source in ("claims/2024-02.xlsx", "claims/2024-04.xlsx", "policies/board only.xlsx"):
            self._copy("inbox/" + source.split("/")[0], "later/" + source)
        self._archive()
        self._sources()
        (folder / "config").mkdir(mode=0o755)
        self.names = {f"/srv/{path.name}": str(path) for path in folder.path.iterdir()}

    def real(self, text):
        for name, place in self.names.items():
            text = re.sub(rf"{name}\b", place, text)
        return text

    def told(self, text):
        for name, place in self.names.items():
            text = text.replace(place, name)
        return text

    def configure(self, text):
        """Writes a configuration where its first line says, `# /srv/excel/etl_config.yaml`."""
        path = Path(self.real(text.splitlines()[0].removeprefix("# ")))
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)

    def _copy(self, to, source):
        source = DEMO / source
        for file in [source] if source.is_file() else sorted(source.rglob("*.xlsx")):
            below = file.name if file == source else file.relative_to(source)
            self.folder.write(f"{to}/{below}", file.read_bytes())

    def _archive(self):
        """Many small workbooks of two tables, no two alike: a zip file's comment is enough for that."""
        for table in ("claims", "payments"):
            rows = [["Id", "Amount"], *([number, number * 2.5] for number in range(1, 101))]
            first = self.folder.workbook(f"archive/{table}/001.xlsx", rows)
            for month in range(2, ARCHIVE_MONTHS + 1):
                copy = shutil.copyfile(first, first.with_name(f"{month:03}.xlsx"))
                with zipfile.ZipFile(copy, "a") as book:
                    book.comment = str(month).encode()
                copy.chmod(0o644)

    def _sources(self):
        german = [["Police", "Gemeldet", "Betrag"], ["P-1001", "05.01.2024", "1.234,50"], ["P-1002", "17.02.2024", "99,90"]]
        french = [["Contrat", "Déclaré", "Montant"], ["P-2001", "2024-03-01", "410,00"]]
        portuguese = [["Policy", "Reported", "Paid"], ["P-3001", "2024-01-09", 560.25], ["P-3002", "2024-04-30", 75]]
        self.folder.workbook("sources/hamburg/2024.xlsx", german, "Tabelle1")
        self.folder.workbook("sources/lyon/2024.xlsx", french, "Feuil1")
        self.folder.workbook("sources/porto/2024.xlsx", portuguese, "Claims")
