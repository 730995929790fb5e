"""Files of variables, each with what Docker Compose reads in it; `tests/e2e/test_env_files.py` asks Docker Compose."""

ENVIRONMENT = {"OTHER": "from outside", "BLANK": ""}

GOOD: dict[str, dict[str, str]] = {
    "A=1\nB=2\n": {"A": "1", "B": "2"},
    "A=1\r\nB='2'\r\n": {"A": "1", "B": "2"},
    "\ufeffA=1\n": {"A": "1"},
    "# all\n\n  # is\n   A=1\n\tB=2": {"A": "1", "B": "2"},
    "A = padded \t # comment\n": {"A": "padded"},
    "A=a#b\nB=c #d #e\nC=f\t#g\nD= # h\nE=#i\n": {"A": "a#b", "B": "c", "C": "f\t#g", "D": "# h", "E": "#i"},
    "A=a\u00a0\nB=é中\n": {"A": "a", "B": "é中"},
    "export A=1\n  export  B =  2\nexportC=3\nexport: 4\n": {"A": "1", "B": "2", "exportC": "3", "export": "4"},
    "A: x\nB:y\nC:=z\nD=:z\n": {"A": "x", "B": "y", "C": "=z", "D": ":z"},
    "A==1\nB=1=2\n": {"A": "=1", "B": "1=2"},
    "A.b-c[0]=1\n1A=2\nÄ=3\n": {"A.b-c[0]": "1", "1A": "2", "Ä": "3"},
    "A=1\nA=2\nB=$A\n": {"A": "2", "B": "2"},
    "A='pa$$w0rd$USER'\nB='it\\'s'\nC='a\\nb\\\\'\nD='\"x\"'\n": {
        "A": "pa$$w0rd$USER", "B": "it's", "C": "a\\nb\\\\", "D": '"x"',
    },
    'A="pa\\$word"\nB="a\\nb\\tc\\\\d\\"e\\q"\nC="it\'s"\nD=""\n': {
        "A": "pa$word", "B": 'a\nb\tc\\d"e\\q', "C": "it's", "D": "",
    },
    'A="\\a\\b\\c\\f\\v\\r"\nB="\\0101\\012\\0 \\0777\\0189"\n': {
        "A": "\a\b\\c\f\v\r", "B": "A\\12\\ \\777\\189",
    },
    "A=a\\nb\\$c\nB=\\\nC=x\"y\"z\n": {"A": "a\\nb\\", "B": "\\", "C": 'x"y"z'},
    'A="one\ntwo $OTHER"\nB=\'three\nfour $OTHER\'\nC=5\n': {
        "A": "one\ntwo from outside", "B": "three\nfour $OTHER", "C": "5",
    },
    'A="x" # c\nB=\'y\' # c\nC="z"D=1\n': {"A": "x", "B": "y", "C": "z", "D": "1"},
    "B=x\nA=pa$B-${B}_x$B_x\n": {"B": "x", "A": "pax-x_x"},
    "A=$OTHER\nOTHER=file\nB=${OTHER}\n": {"A": "from outside", "OTHER": "from outside", "B": "from outside"},
    "BLANK=file\nA=[$BLANK]${BLANK:-e}${BLANK-f}\n": {"BLANK": "", "A": "[]e"},
    "A=${B:-y}${C-z}${D:+w}\nD=1\nE=${D:+w}${D+v}${F+u}\n": {"A": "yz", "D": "1", "E": "wv"},
    "A=${B:-${C:-deep}}${B:-$OTHER}${B:-$$OTHER}\n": {"A": "deepfrom outside$OTHER"},
    "A=${B:-'q'}\nC=\"${B:-x}\"\nD=${OTHER:-x}y}z\n": {"A": "'q'", "C": "x", "D": "from outsidey}z"},
    "A=${OTHER:?needed}\nB=${b}$c\nb=1\n": {"A": "from outside", "B": "", "b": "1"},
    "A=$$\nB=$$OTHER\nC=$1 $ % $\nD=$(date)\nE=`date`\n": {
        "A": "$", "B": "$OTHER", "C": "$1 $ % $", "D": "$(date)", "E": "`date`",
    },
    "OTHER\nUNSET\nA=1\nA\nB": {"OTHER": "from outside", "A": "1"},
    "OTHER \nexport BLANK\nA=1\n": {"OTHER": "from outside", "BLANK": "", "A": "1"},
    "A=http://u:p@h:1/x?a=b&c=d#f\nB={\"a\": 1}\nC=x;D=y\n": {
        "A": "http://u:p@h:1/x?a=b&c=d#f", "B": '{"a": 1}', "C": "x;D=y",
    },
}  # fmt: skip

BAD: dict[str, int] = {
    'A=1\nB="never closed\nC=2\n': 2,
    "A='never closed\n": 1,
    "A=1\n\n# c\nA B=1\n": 4,
    "A@=1\n": 1,
    'A="x\ny"\nB!\n': 3,
    "A=${B\n": 1,
    "A=1\nB=${C:?needed}\n": 2,
    "A=${B!x}\n": 1,
    "A='x''y'\nB=1\n": 1,
}
"""Each with the line at fault."""
