"""Writes cases.json: templates, variables, and what jinja2 makes of them in the environment that transformers sets up.

Run: python3 tests/golden/chat/generate.py   (made with Python 3.11, jinja2 3.1.6; no randomness)

The templates are our own. The chat formats are those that the named model families document.
"""
import datetime
import json
import os

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2025, 3, 7, 9, 5, 3)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def environment():
    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: NOW.strftime(f)
    return env


CHATML = """{% for message in messages %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{% endif %}
"""

LLAMA2 = """{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set rest = messages %}{% set system = false %}{% endif %}
{% for message in rest %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}
{% if loop.index0 == 0 and system != false %}
{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}
{% else %}
{% set content = message['content'] %}
{% endif %}
{% if message['role'] == 'user' %}
{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}
{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}
{% endfor %}"""

LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- if messages[0].role == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

MISTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace(index=0) %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported!") }}
    {%- endif %}
{%- endfor %}
"""

QWEN25 = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

QWEN3 = """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""

GEMMA = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\\n'}}
{%- endif -%}
"""

PHI3 = ("{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}"
        "{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
        "{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}")

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

SMOLLM3 = """{# a comment
   of two lines #}
{%- macro render(message, prefix="") -%}
    {{ prefix ~ message.role | upper }}: {{ message.content | default("-", true) }}
{%- endmacro -%}
{% set reasoning = reasoning_mode if reasoning_mode is defined else "/think" -%}
Mode {{ reasoning }}
{% for message in messages -%}
{{ render(message, prefix="* ") }}
{% generation %}|{{ loop.cycle("a", "b") }}|{% endgeneration %}

{% else %}
nothing
{%- endfor %}
{% set listed %}  {{ messages | map(attribute="role") | join(", ") }}  {% endset -%}
[{{ listed | trim }}]"""

TOOLS = [{"type": "function", "function": {"name": "weather", "description": "It's the weather \u2014 \"now\"", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 3}}, "required": ["city"]}, "return": {"type": "string"}}}]
U, A, S = (lambda r: lambda c: {"role": r, "content": c})("user"), (lambda r: lambda c: {"role": r, "content": c})("assistant"), (lambda r: lambda c: {"role": r, "content": c})("system")
TALK = [S("  Be brief. "), U(" Hi there!\n"), A("Hello \U0001F642 <b>'q'</b>"), U("And now?")]
CALLS = [U("Weather in Zürich?"), {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 1.0}}}]},
         {"role": "tool", "content": "{\"t\": 12}"}, {"role": "tool", "content": "late"}, A("12 degrees")]
PARTS = [S("sys"), {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What? "}]}]
THINK = [U("1+1?"), A("<think>\nhm\n</think>\n\n2"), U("and?"), A("<think>\nx\n</think>\n\n3")]

VARS = {"messages": TALK, "tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}


def chat(name, template, **over):
    return {"name": name, "template": template, "variables": {**VARS, **over}}


CHATS = []
for n, t in [("chatml", CHATML), ("llama2", LLAMA2), ("llama3", LLAMA3), ("mistral", MISTRAL), ("qwen25", QWEN25), ("qwen3", QWEN3), ("gemma", GEMMA),
             ("phi3", PHI3), ("zephyr", ZEPHYR), ("smollm3", SMOLLM3)]:
    CHATS += [chat(n + " conversation", t), chat(n + " no prompt", t, add_generation_prompt=False), chat(n + " two users", t, messages=[U("a"), U("b")]),
              chat(n + " tools", t, messages=[U("a")], tools=TOOLS), chat(n + " empty", t, messages=[])]
CHATS += [chat("llama3 calls", LLAMA3, messages=CALLS, tools=TOOLS), chat("qwen25 calls", QWEN25, messages=CALLS, tools=TOOLS),
          chat("gemma parts", GEMMA, messages=PARTS), chat("qwen3 think", QWEN3, messages=THINK), chat("qwen3 no thinking", QWEN3, messages=THINK[:1], enable_thinking=False),
          chat("llama3 date", LLAMA3, date_string="1 Jan 2020"), chat("qwen25 parts", QWEN25, messages=PARTS)]

D = {"x": 3, "f": 2.5, "s": "Hello World", "e": "", "l": [3, 1, 2], "d": {"b": 1, "a": [True, None]}, "n": None, "t": True,
     "ms": [{"r": "u", "c": "1", "k": {"z": 5}}, {"r": "a", "c": "2"}, {"r": "u", "c": "3"}], "u": "Zoë 🙂 日本"}
SNIPPETS = r"""
{{ x + 1 }} {{ x - 5 }} {{ x * 2 }} {{ x / 2 }} {{ x // 2 }} {{ -x // 2 }} {{ x % 2 }} {{ -x % 2 }} {{ x ** 2 }} {{ 2 ** 3 ** 1 }} {{ -2 ** 2 }}
{{ f * 2 }} {{ f // 1 }} {{ 1e20 }} {{ 1.5e-7 }} {{ 0.1 + 0.2 }} {{ 100.0 }} {{ 1_000 }} {{ 7 / 7 }}
{{ s ~ x ~ n ~ t ~ f ~ l ~ d ~ missing }}
{{ s[0] }}{{ s[-1] }}{{ s[1:4] }}{{ s[::-1] }}{{ s[:-3] }}{{ s[20:] }}|{{ u[4] }}{{ u[-2:] }}{{ u|length }}
{{ l[0] }}{{ l[-1] }}{{ l[1:] }}{{ l[::2] }}{{ l[::-1] }}{{ l[5:] }}{{ l[-2:] }}{{ l[2:0:-1] }}
{{ l[9] is defined }} {{ missing is defined }} {{ d.zz is defined }} {{ d['a'] }} {{ d.b }}
{{ missing }}|{{ missing|default('D') }}|{{ e|default('D') }}|{{ e|default('D', true) }}|{{ n|default('D') }}|{{ n|d('D', boolean=true) }}
{{ s.upper() }}{{ s.lower() }}{{ s|upper }}{{ s.title() }}{{ 'it\'s a dog'.title() }}{{ 'hELLO'|capitalize }}{{ "a\tb\n\"q\"" }}
{{ '  x '.strip() }}|{{ '  x '.lstrip() }}|{{ '  x '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'xyaxy'.lstrip('yx') }}|{{ '  y '|trim }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.split(',')[-1] }} {{ 'a--b'.split('--')|last }} {{ 'a b c'.rsplit(' ', 1) }}
{{ s.startswith('He') }} {{ s.endswith('ld') }} {{ s.startswith(('x', 'H')) }} {{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ s|replace('o', '0') }} {{ s.find('W') }} {{ s.count('l') }}
{{ 'W' in s }} {{ 'z' not in s }} {{ 3 in l }} {{ 'a' in d }} {{ 4 not in l }} {{ 'x' in missing }}
{{ l|sort }} {{ l|sort(reverse=true) }} {{ l|max }} {{ l|min }} {{ l|sum }} {{ l|first }} {{ l|last }} {{ l|length }} {{ l|reverse|list }} {{ l|join('-') }} {{ [1,1,2]|unique|list }}
{{ d|tojson }} {{ d|tojson(indent=2) }} {{ u|tojson }} {{ '<a>&\'"'|tojson }} {{ 1.0|tojson }} {{ n|tojson }} {{ [1, [2, {}], []]|tojson(indent=1) }}
{{ d.items()|list }} {{ d|items|list }} {{ d.keys()|list }} {{ d.values()|list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 7) }} {{ d|dictsort }}
{{ ms|selectattr('r', 'equalto', 'u')|map(attribute='c')|join(',') }} {{ ms|rejectattr('r', '==', 'u')|list|length }} {{ ms|map(attribute='k')|select('defined')|list }} {{ ms|selectattr('k')|list|length }} {{ ms|selectattr('k', 'defined')|list|length }} {{ ms|map(attribute='k.z', default=0)|list }}
{{ ['a','b']|map('upper')|list }} {{ [1,2,3,4]|select('even')|list }} {{ [0,1]|reject|list }} {{ [1,2,3]|select('gt', 1)|list }} {{ ms|map(attribute='c')|map('int')|sum }}
{% for i in l %}{{ loop.index }}/{{ loop.length }}{{ ':' if not loop.last }}{{ loop.first }}{{ loop.revindex }} {% endfor %}
{% for i in [] %}x{% else %}none{% endfor %} {% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %} {% for i in range(3) %}{{ i }}{% endfor %} {{ range(5, 0, -2)|list }} {% for c in 'ab' %}{{ c }}.{% endfor %}
{% for i in l if i > 1 %}{{ loop.index }}:{{ i }} {% endfor %}{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}
{% set a = 1 %}{% for i in l %}{% set a = a + i %}{{ a }} {% endfor %}{{ a }} {% set ns = namespace(a=1, q='z') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.q }}
{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set q = [1] + [2] %}{{ q }} {% set p = (1,) %}{{ p|length }} {% if t and not e %}yes{% elif x %}no{% endif %} {% if t %}{% set w = 5 %}{% endif %}{{ w }}
{% macro m(a, b='B', c=a) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(1, c=3) }}{{ m('z')|upper }}{{ m() }}
{% set v %} text {{ x }} {% endset %}<{{ v }}>{% set v2|upper|trim %} text {% endset %}<{{ v2 }}>{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}
{{ 1 if x == 3 else 2 }} {{ 'q' if false }}| {{ x > 2 and x < 9 }} {{ 1 < x <= 3 }} {{ x == 3.0 }} {{ t == 1 }} {{ not x }} {{ x or 7 }} {{ e or 7 }} {{ n and 3 }} {{ (x, 2) == (3, 2) }}
{{ x is number }} {{ s is string }} {{ d is mapping }} {{ l is iterable }} {{ l is sequence }} {{ n is none }} {{ t is true }} {{ t is boolean }} {{ x is odd }} {{ x is divisibleby 3 }} {{ x is eq 3 }} {{ x is not none }} {{ f is float }} {{ x is integer }} {{ x is in l }} {{ s is defined and x is equalto(3) }} {{ range is callable }} {{ t is sameas true }} {{ t is integer }} {{ missing is undefined }} {{ 'a' is lower }}
{{ '5'|int + 1 }} {{ 'q'|int }} {{ 'q'|int(9) }} {{ '2.7'|int }} {{ '1.5'|float }} {{ 3.7|int }} {{ 2.5|round }} {{ 2.345|round(2) }} {{ -3|abs }} {{ 5|string + 'x' }} {{ 3|float }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ '<&>"'|e }}|{{ '<'|safe }}|{{ l|string }}|{{ 'ab'|list }}|{{ 'ab'|first }}|{{ 'abc'|reverse }}|{{ d|length }}|{{ d|list }}
{{ {'a': {'b': 1}} }}{{ {'a': {'b': 1}}['a']['b'] }}{{ {} }}{{ [] }}{{ () }}{{ (1) }}{{ [1, 'a', "b'c", none, true, 1.0] }}{{ {'k': 'v"w'} }}
{{ 'a' 'b' }}{{ "\u00e9\x41\\n" }}{{ '\'' }}{{ 'x' * 3 }}{{ 'a' < 'b' }}{{ [1, 2] < [1, 3] }}{{ s|trim|lower|replace('world', 'w') }}
{{ s.split(' ')[0] }} {{ (s ~ '!').upper() }} {{ [1,2][0] + 1 }} {{ ms[0].k.z }} {{ ms[0]['k']['z'] }} {{ ms[-1].c }} {{ (ms|first).c }} {{ ms|map(attribute='c')|list|last }}
{% raw %}{{ x }} {% if %}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b
a {# c #} b {#- c -#} c {{- x -}} d {%- if t -%} e {%- endif -%} f {{+ x }} {%+ if t %}g{% endif +%}
{{ x|string|length is eq 1 }} {{ not missing }} {{ x is not odd }} {{ -x|abs }} {{ (2 * 3 + 4) ~ 'z' }}
{{ 'z' ~ 1 + 2 }}
{{ missing.attr }}
{{ missing + 1 }}
{{ s + 1 }}
{{ 1 / 0 }}
{{ l.append(4) }}
{{ raise_exception('no') }}
{{ n.x }}
{{ n.x.y }}
{{ x < s }}
{{ undefined_function() }}
{% for i in x %}{% endfor %}
{% set a, b = [1] %}
{{ s|nofilter }}
{% include 'x' %}
{% for %}
{{ (1 }}
{% if x %}
{{ strftime_now('%d %B %Y %H:%M:%S %y %b %a %A %j %I %p %%') }}
{{ [1,2,3]|sum }} {{ ['b','A','c']|sort }} {{ ['b','A','c']|sort(case_sensitive=true) }} {{ ms|sort(attribute='r')|map(attribute='c')|join }} {{ ms|map(attribute='c')|join('', attribute='x') }}
{{ 'abc'.isdigit() }} {{ '12'.isdigit() }} {{ 'a b'.isalnum() }} {{ 'pre-x'.removeprefix('pre-') }} {{ 'x.txt'.removesuffix('.txt') }} {{ '-'.join(['a','b']) }} {{ 'a\nb'.splitlines() }}
""".strip("\n").split("\n")

BLOCKS = [
    "\n\nx\n\n", "a\n{% if t %}\nb\n{% endif %}\nc\n", "  {% if t %}  b  {% endif %}  \n  {{ x }}\n", "{% for i in l %}\n  {{ i }}\n{% endfor %}\n", "{%- if t %}\n\n  a\n{%- endif %}\n\nb",
    "a  {%- if t -%}  b  {%- endif -%}  c", "\t{% if t %}\n\t\tx\n\t{% endif %}\n", "  {# c #}\n  {{ x }}{# d #}\nz", "x {% if t %}y{% endif %} z\n{% if t %}\n{% endif %}\nw",
    "{% if t %}\r\na\r\n{% endif %}\r\nb\r\n", "{{ x }}\n{{ x }}\n", "  {%+ if t %}a{% endif %}\n", "{% if t +%}\na{% endif %}\n", "{% set a = 1 -%}\n   {{ a }}", "a\n   {%- set a = 1 %}\n   {{ a }}\n{%- if t %}  q {%- endif %}",
    "{% if t %}{# x #}\n{% endif %}\n\n", "{{ '{{' }} {{ '%}' }} {{ \"}}\" }}",
]

CASES = CHATS + [{"name": s, "template": s} for s in SNIPPETS] + [{"name": repr(b), "template": b} for b in BLOCKS]


def main():
    env = environment()
    for case in CASES:
        try:
            case["expected"] = env.from_string(case["template"]).render(**case.get("variables", D))
        except Exception as e:  # every failure of jinja2 has to be a failure here
            case["error"] = type(e).__name__ + ": " + str(e)
    lists = [c["name"] for c in CASES if "error" in c]
    out = os.path.join(os.path.dirname(__file__), "cases.json")
    with open(out, "w", encoding="utf-8") as f:
        json.dump({"made_with": "jinja2 " + jinja2.__version__, "defaults": D, "cases": CASES}, f, ensure_ascii=False, indent=1)
        f.write("\n")
    print(len(CASES), "cases,", len(lists), "errors")
    for n in lists:
        print("  ", n)


main()
