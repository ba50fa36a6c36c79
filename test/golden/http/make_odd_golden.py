"""Records how FastAPI answers odd forms, JSON bodies, media types, queries and paths.

The application has the tutorial's routes over stand-ins for its models: a label tells the length and the hash of the file, a
summary the model, its lengths and the hash of the text. Run with fastapi, uvicorn, h11 and python-multipart installed:

    python make_odd_golden.py            # writes odd.json beside it
"""

import base64
import hashlib
import http.client
import json
import pathlib
import random
import socket
import threading
import time
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI, File, HTTPException, UploadFile
from pydantic import BaseModel

app = FastAPI()
IMAGE, TEXT = "/predict/image_classes", "/predict/text_summarize"
FORM = "multipart/form-data; boundary=bnd7"
NAMED = 'Content-Disposition: form-data; name="file"; filename="a.png"'
FIELD = 'Content-Disposition: form-data; name="file"'
OTHER = 'Content-Disposition: form-data; name="other"'


class TextRequest(BaseModel):
    text: str


def sha(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()[:10]


@app.get("/")
async def root() -> dict:
    return {"message": "Welcome to the ML Model API"}


@app.post(IMAGE)
async def classify(file: UploadFile = File(...)):
    data = await file.read()
    return {"class_label": f"{len(data)}:{sha(data)}"}


@app.post(TEXT)
async def summarize(request: TextRequest, model: str = "t5", min: str = "30", max: str = "130"):
    if not request.text.strip():
        raise HTTPException(400, "Text cannot be empty")
    if model not in ("t5", "bart"):
        raise HTTPException(400, "Invalid model specified.")
    lengths = ""
    if model == "bart":
        try:
            lengths = f"{int(min)}:{int(max)}:"
        except ValueError as error:
            raise HTTPException(400, "no number") from error
    return {"summary": f"{model}:{lengths}{sha(request.text.encode('utf-8', 'surrogatepass'))}"}


def send(port: int, data: bytes, method: str):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        body = response.read()
    location = response.getheader("location")
    return {
        "status": response.status,
        **({"json": json.loads(body)} if body and response.status != 500 else {}),
        **({"allow": response.getheader("allow")} if response.getheader("allow") else {}),
        **({"location": location.split("127.0.0.1", 1)[1]} if location else {}),
    }


def form(parts, close=b"--\r\n", before=b""):
    body = before
    for headers, content in parts:
        body += b"--bnd7\r\n" + b"".join(line.encode("latin-1") + b"\r\n" for line in headers) + b"\r\n" + content + b"\r\n"
    return body if close is None else body + b"--bnd7" + close


def forms(chance):
    good = [([NAMED], b"data\r\nmore")]
    for close in [b"--\r\n", b"--", b"-", b"--\r\nepilogue", b"--junk", b" --\r\n", b"", b"\r\n", b"--\n", None]:
        yield FORM, form(good, close)
    for before in [b"\r\n", b"\n", b"\r\n\r\n", b"preamble\r\n", b"\r\npreamble\r\n", b"\r\nfoo-bar\r\n", b" ", b"-"]:
        yield FORM, form(good, before=before)
    yield FORM, form(good).replace(b"\r\n", b"\n")
    for body in [b"", b"--", b"--bnd7", b"--bnd7\r\n", b"--bnd7--", b"--bnd7\r", b"--bnd7-", b"\r\n", b"x", b"--bnd8\r\n",
                 b"--bnd7\r\n\r\n", b"--bnd7\r\n\r\nx\r\n--bnd7--\r\n", b"--bnd7\r\n--bnd7--\r\n", b"--bnd7 \r\n\r\n"]:
        yield FORM, body
    for media_type in ["multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary",
                       "multipart/form-data; boundary=", 'multipart/form-data; boundary=""', FORM + "; charset=utf-8",
                       "multipart/form-data; charset=utf-16; boundary=bnd7", "multipart/form-data; charset=bogus; boundary=bnd7",
                       "multipart/form-data ; boundary = bnd7", 'multipart/form-data; boundary="bnd7"; x="a;b"',
                       'multipart/form-data; x="a;b"; boundary=bnd7', FORM + "; boundary=zzz",
                       "multipart/form-data; boundary=zzz; boundary=bnd7", FORM + ", multipart/form-data",
                       "multipart/related; boundary=bnd7", "text/plain; boundary=bnd7", "multipart/form-data; boundary*=bnd7",
                       "multipart/form-data boundary=bnd7", "multipart/form-data; boundary=BND7", FORM + ";",
                       "multipart/form-data; boundary='bnd7'", "multipart/form-data; boundary=" + "b" * 257]:
        yield media_type, form(good)
    for disposition in ['form-data; name="file"; filename=""', 'form-data; name="file"; filename', "form-data; name=file; filename=a",
                        'form-data; filename="a"; name="file"', 'form-data; NAME="file"; FILENAME="a"',
                        "form-data; name=\"file\"; filename*=utf-8''a", "form-data; name*=utf-8''file; filename=\"a\"",
                        'form-data; name="file"; name="x"; filename="a"', 'form-data; name="x"; name="file"; filename="a"',
                        'attachment; name="file"; filename="a"', 'name="file"; filename="a"', "form-data", "form-data;", "",
                        'form-data; name=""; filename="a"', 'form-data; name="file', 'form-data; name="file; filename="a"',
                        'form-data; name="file"; filename="a;b.png"', 'form-data; name="file"; filename="a\\"b;c"',
                        'form-data; name="fi\\\\le"; filename="a"', "form-data; name='file'; filename=a",
                        'form-data; name = "file" ; filename = "a"', 'form-data; name="file " ; filename="a"',
                        'form-data; name="File"; filename="a"', 'form-data, name="file"; filename="a"',
                        'form-data; name="file" garbage; filename="a"', 'form-data;\tname="file"; filename="a"',
                        'form-data; name="file";; filename="a"', 'form-data; name=fi"le"; filename=a']:
        yield FORM, form([(["Content-Disposition: " + disposition], b"xyz")])
    for headers in [['content-disposition: form-data; name="file"; filename="a"'], ["Content-Disposition : form-data"], [" " + NAMED],
                    ['Content-Disposition:    form-data; name="file"; filename="a"'], [NAMED, "X"], [NAMED, "X Y: z"], [NAMED, ": z"],
                    [NAMED, " folded"], ["X: y", NAMED], [NAMED, "X:"], [NAMED, "X-\xe9: z"], [NAMED, "X: \xe9"], [NAMED, OTHER],
                    [OTHER, NAMED], [NAMED] + ["X: y"] * 7, [NAMED] + ["X: y"] * 8, ["X: y"] * 8 + [NAMED],
                    [NAMED, "X: " + "a" * 4221], [NAMED, "X: " + "a" * 4222], [NAMED, "X: a\nY: b"], [NAMED, "X: a\rY: b"],
                    [NAMED + "\n"], [NAMED, "Content-Transfer-Encoding: base64"], [NAMED, "X: \0"], [NAMED, "X\0: a"]]:
        yield FORM, form([(headers, b"xyz")])
    for content in [b"", b"\r\n", b"\n", b"--bnd7", b"\r\n--bnd", b"\r\n--bnd7x", b"\r\n--bnd7-x", b"\r\n--bnd7\rx",
                    b"\r\n--bnd7\r\r\n--bnd7x", b"\r\n--bnd7-\r\n--bnd7x", b"\n--bnd7\r\n", b"\r\n--bnd7\n", bytes(range(256)),
                    b"\r\n--bnd" * 30, b"\r\n--bnd7" * 5]:
        yield FORM, form([([NAMED], content)])
    for parts in [[([FIELD], b"abc")], [([FIELD], b"")], [([FIELD], b"\xff\xfe")], [([FIELD], b"abc"), ([NAMED], b"xyz")],
                  [([NAMED], b"xyz"), ([FIELD], b"abc")], [([NAMED], b"xyz"), ([FIELD], b"")], [([OTHER], b"q"), ([NAMED], b"xyz")],
                  [([NAMED], b"one"), ([NAMED], b"two")]]:
        yield FORM, form(parts)
    for text in ["file=abc", "file=", "file=a&file=b", "file=a&file=", "=x", "&&file=a&&", "file=a%20b", "file=a+b", "f%69le=x",
                 "file=%ff", "file=%E4%BD%A0", "file=%zz", "file=a=b", "File=a", "file=a;b=c", "", "&"]:
        yield "application/x-www-form-urlencoded", text.encode()
    base = form([([OTHER], b"q"), ([NAMED, "X: y"], b"data\r\n--bnd")])
    for _ in range(100):
        body = bytearray(base)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(body))
            change = chance.randrange(3)
            body[at : at + (change != 1)] = b"" if change == 0 else bytes([chance.choice(b'\r\n-:; "=b7\0\xffaF')])
        yield FORM, bytes(body)


def documents(chance):
    for text in ["", "{}", "[]", "[1]", "null", "true", "5", '"x"', '{"text":"a"}', '{"text":null}', '{"text":-0}', '{"text":1.5}',
                 '{"text":12345678901234567890}', '{"text":[]}', '{"text":["a",{"b":null}]}', '{"text":"a","text":5}',
                 '{"text":5,"text":"a"}', '{"a":1,"2":3,"1":2}', '{"__proto__":1}', '{"text":"a"}x', '{"text":"a"} {}',
                 '\n {"text":"a"}\t', '\v{"text":"a"}', '{"text":"a"}\0', "{", "[", '"', '{"', '{"a', '{"a"', '{"a":', '{"a":1',
                 '{"a":1,', '{"a":1,}', '{"a" 1}', "{a:1}", "{,}", "{1:2}", '{"a":}', '{"a":1 "b":2}', "[1", "[1,", "[1,]", "[,1]",
                 "[1 2]", "nul", "nulll", "True", "-", "01", "1.", ".5", "1.e5", "1e", "+1", "0x1", '"\\', '"\\x"', '"\\u', '"\\u12"',
                 '"\\u12g4"', '"\\u1234', '"a\nb"', '"\x7f"', '"abc', '{"text":"\\n\\t\\"\\\\\\/\\b\\f\\r"}',
                 '{"text":"\\u00e9\\ud83e\\udd8a"}', '{"text":"é北🦊"}', '{"é🦊":1}', '"🦊" x', '{"🦊":1,}', "/*c*/{}", "[]]", "}",
                 '{"text":" "}', '{"text":""}', '{"text":"\\u0000"}', '{"text":"\\ufeff"}', '{"text":"\\u0085"}', '{"text":"\\u200b"}',
                 '{"text":"\\u3000\\u00a0\\u001c"}', '{"text":"\\u180e"}', "9" * 4301, "[" * 200 + "]" * 200, "[" * 2000, '{"a":' * 2000]:
        yield "application/json", text.encode()
    for encoding in ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "latin-1"]:
        for text in ['{"text":"h\u00e9llo"}', "5", '"a']:
            yield "application/json", text.encode(encoding)
    for body in [b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf{}", b'{"text":"\xc0\x80"}', b"\0", b"{\0", b"5\0",
                 b"\0" b"5", b"\xff\xfe5", b"{}\0\0", b'"\xf4\x90\x80\x80"', b"5\0\0\0", b"\0\0\0" b"5"]:
        yield "application/json", body
    for media_type in [None, "", "application/json; charset=latin-1", "Application/JSON", "application/json ;x", "application/+json",
                       "application/vnd.api+json", "application/jsonx", "application/json/x", "application/json, text/plain",
                       "text/json", "json", "application /json", "*/*", '"application/json"']:
        for body in [b'{"text":"a"}', b"{", b""]:
            yield media_type, body
    base = '{"text": "ab\\n\\u00e9", "x": [1, -2.5e3, null, true, {"y": ""}]}'
    for _ in range(150):
        text = list(base)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text))
            change = chance.randrange(3)
            text[at : at + (change != 1)] = [] if change == 0 else [chance.choice('{}[]",:\\u0123eE+-.ntf \n\t\x01é🦊')]
        yield "application/json", "".join(text).encode()


QUERIES = ["model", "model=", "model=bart&model=t5", "model=t5&model=bart", "model=bart&model", "Model=bart", "model[]=bart",
           "mod%65l=%62art", "model=bart%00", "model=+bart", "model=bart&min=+10+", "model=bart&min=%0A10", "model=bart&min=1_0",
           "model=bart&min=1__0", "model=bart&min=0010", "model=bart&min=%EF%BC%91", "model=bart&max=", "model=bart&max",
           "model=bart&min=1.0", "model=bart&min=-0", "model=bart;min=5", "model=bart&min=1&min=2", "&&model=bart&&", "=bart",
           "model==bart", "model=%ff", "model=%zz", "?model=bart", "model=BART", "model=bart&max=%C2%A050", "model=bart&max=5%200"]
PATHS = ["//", "/?a=b", "/x/", "/predict/", TEXT + "/", TEXT + "//", "/" + TEXT, "/predict//text_summarize", "/predict/text%5fsummarize/",
         "/predict%2Ftext_summarize", TEXT + "%2F", TEXT + "/?a=%2F&b=%20c", TEXT + "/?", TEXT + ";a", TEXT + "/.", TEXT + "%00",
         TEXT + "%20", "/predict/text%255Fsummarize", TEXT + "%zz", TEXT.upper(), "/%ff", TEXT + "%3Fa", "/docs/", "*"]


def requests(chance):
    for media_type, body in forms(chance):
        yield "POST", IMAGE, media_type, body
    for media_type, body in documents(chance):
        yield "POST", TEXT, media_type, body
    for query in QUERIES:
        yield "POST", f"{TEXT}?{query}", "application/json", b'{"text":"hello"}'
    for path in PATHS:
        for method in ["GET", "POST", "OPTIONS"]:
            yield method, path, None, b""


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http="h11", log_level="critical"))
    threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    port = listener.getsockname()[1]
    cases = []
    for method, target, media_type, body in requests(random.Random(20)):
        typed = "" if media_type is None else f"Content-Type: {media_type}\r\n"
        head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{typed}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        request = head.encode("latin-1") + body
        cases.append({"request": base64.b64encode(request).decode(), **send(port, request, method)})
    versions = {name: version(name) for name in ["fastapi", "starlette", "pydantic", "python-multipart", "uvicorn", "h11"]}
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    text = f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n'
    pathlib.Path(__file__).with_name("odd.json").write_text(text, encoding="utf-8")
    print(len(cases), "cases")
    server.should_exit = True


if __name__ == "__main__":
    main()
