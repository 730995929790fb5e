"""How databases and their drivers say that a statement is malformed.

Only what a malformed statement causes: a value that is merely of a wrong type gives errors with bound parameters, too.
"""

import html
import json
import re
from dataclasses import dataclass

_NOT_OF_SYNTAX = (  # such as `OperationalError` for a lock, or for a search whose text is bound
    r"(?!:? *(?:\([\w.]+\) *)?(?:fts5: |unterminated string|malformed MATCH|unknown special query|unable to|"
    r"database (?:table )?is locked|database disk image|disk|too many|cannot |attempt to|no such (?:table|module)|"
    r"parse error in|malformed JSON|bad parameter|could not connect|connection|server closed|\(20\d\d,|FATAL))"
)
_SQLITE = (
    r'near "[^\n]{0,200}?": syntax error',
    r'unrecognized token: "[^\n]{0,200}?"(?=[\s<,;.)\]}"\']|$)',
    r"(?:OperationalError|SQLITE_ERROR|SQL logic error|Sqlite\w*Exception|SQLException)[^\n]{0,40}? incomplete input",
    r"no such column: [^\s<]{1,100}",
    r"sqlite3\.OperationalError" + _NOT_OF_SYNTAX,
    r"sqlite3\.(?:ProgrammingError|Warning): You can only execute one statement",
    r"SQLite3?::(?:SQLException|query\(\)|prepare\(\)|exec\(\))" + _NOT_OF_SYNTAX,
    r"(?:SQLITE_ERROR|System\.Data\.SQLite\.SQLiteException|org\.sqlite\.SQLiteException)" + _NOT_OF_SYNTAX,
)
_MYSQL = (
    r"You have an error in your SQL syntax(?:[^\n]{0,120}? near '[^\n]{0,200}?' at line \d+)?",
    r"check the manual that (?:corresponds to|fits) your (?:MySQL|MariaDB|Drizzle)[^\n]{0,60}? near '[^\n]{0,200}?' at",
    r"Unknown column '[^'\n]{0,100}' in '[^'\n]{0,40}'",
    r"MySQLSyntaxErrorException",
    r"(?:pymysql\.err|MySQLdb[\w.]*|mysql\.connector\.errors)\.ProgrammingError" + _NOT_OF_SYNTAX,
    r"ER_PARSE_ERROR|ER_BAD_FIELD_ERROR",
    r"mysqli?_(?:fetch|num)_\w+\(\)(?:: supplied argument| expects parameter 1| *: Argument #1)",
)
_POSTGRESQL = (
    r"(?:unterminated quoted (?:string|identifier)|syntax error|zero-length delimited identifier|"
    r"unterminated (?:dollar-quoted string|/\* comment)|trailing junk after numeric literal)"
    r' at or near "[^\n]{0,200}?"',
    r"ERROR: +syntax error at end of input",
    r"Unterminated (?:string literal|identifier) started at position \d+ in SQL",
    r'column "[^"\n]{1,100}" does not exist',
    r"psycopg2?\.errors\.(?:SyntaxError|UndefinedColumn|UndefinedFunction)",
    r"(?:PG::|asyncpg\.exceptions\.\w*)Syntax\w*Error|PG::UndefinedColumn",
    r"pg_(?:query|exec|prepare)\(\): Query failed(?!: ERROR: +invalid input)",
)
_MSSQL = (
    r"Unclosed quotation mark (?:after|before) the character string '[^\n]{0,200}?'(?=[\s<.]|$)",
    r"Incorrect syntax near (?:the keyword )?'[^\n]{0,200}?'(?=[\s<.]|$)",
    r"Invalid column name '[^'\n]{0,100}'",
    r"An expression of non-boolean type specified in a context where a condition is expected",
)
_ORACLE = (
    r"ORA-(?:0090[0-9]|0091[0-9]|0092[0-9]|0093[0-9]|00972|00986|00996|01740|01742|01756|01789|25716)\b",
    r"quoted string not properly terminated|SQL command not properly ended",
)
_OTHERS = (
    r"SQLSTATE\[?[ :=]*(?:42000|42601|42S22|42703|37000)\b",
    r"SQL(?:Syntax|Grammar)(?:Error)?Exception|BadSqlGrammarException",
    r"org\.hibernate\.[\w.]*(?:QueryException|QuerySyntaxException|SemanticException|SyntaxException)",
    r"Doctrine\\+(?:DBAL\\+Exception\\+SyntaxErrorException|ORM\\+Query\\+QueryException)",
    r"Syntax error in SQL statement \"[^\n]{0,200}?\"",
    r"org\.hsqldb[\w.]*\.HsqlException: unexpected",
    r"Syntax error (?:\(missing operator\) )?in (?:string in )?query expression '[^\n]{0,200}?'",
    r"Microsoft (?:OLE DB Provider|JET Database)[^\n]{0,80}? error '80040e(?:14|07)'",
    r"DB2 SQL error: SQLCODE[:=] ?-(?:10|104|206|007)\b|SQLCODE=-(?:10|104|206)\b",
    r"SequelizeDatabaseError" + _NOT_OF_SYNTAX,
    r"Dynamic SQL Error|Token unknown - line \d+",
)
_ERRORS = re.compile("|".join((*_SQLITE, *_MYSQL, *_POSTGRESQL, *_MSSQL, *_ORACLE, *_OTHERS)), re.MULTILINE)
_ESCAPES = {"\\'": "'", '\\"': '"', "\\u0022": '"', "\\u0027": "'", "\\/": "/"}
# Looked for first: these expressions are slow on a long page.
_HINTS = (
    *("sql", "SQL", "ORA-", "PG::", "pg_", "ER_", "syntax", "Syntax", "Exception", "OperationalError", "DBAL"),
    *("unrecognized token", "no such column", "Unknown column", 'column "', "Invalid column name", "non-boolean"),
    *(
        "unterminated",
        "Unterminated",
        "quotation mark",
        "quoted string",
        "zero-length",
        "trailing junk",
        "Token unknown",
    ),
)
_VALUE = "\0"
_ESCAPED = re.compile("|".join(map(re.escape, _ESCAPES)))


@dataclass(frozen=True)
class SqlErrors:
    """The error texts in a page: as they are, and with the value that was sent taken out.

    Only what differs in both says anything: a message of the application's own repeats the value and differs by nothing
    else, and taking a short value out may change a text that is always there.
    """

    exact: frozenset[str]
    neutral: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.exact and self.neutral)

    def without(self, other: "SqlErrors") -> "SqlErrors":
        """What the other page does not have."""
        return SqlErrors(self.exact - other.exact, self.neutral - other.neutral)

    def shared(self, other: "SqlErrors") -> "SqlErrors":
        """What both pages have."""
        return SqlErrors(self.exact & other.exact, self.neutral & other.neutral)


def sql_errors(text: str, value: str) -> SqlErrors:
    """Find the errors in a page, read through the escapes of HTML, JSON and `repr`, as the answer to a value."""
    plain = html.unescape(text)
    neutral = plain
    echoes = {value, json.dumps(value)[1:-1], repr(value)[1:-1], value.replace("\\", "\\\\").replace("'", "\\'")}
    for echo in sorted(echoes, key=len, reverse=True):
        neutral = neutral.replace(echo, _VALUE)
    return SqlErrors(_matches(plain), _matches(neutral))


def _matches(text: str) -> frozenset[str]:
    if not any(hint in text for hint in _HINTS):
        return frozenset()
    unescaped = _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text)
    return frozenset(match[0] for form in (text, unescaped) for match in _ERRORS.finditer(form))
