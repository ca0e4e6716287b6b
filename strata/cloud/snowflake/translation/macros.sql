-- Functions that the engine lacks, as its macros. Each database has them, for a macro is found in its own only.
-- The engine computes every branch of a CASE for a constant, so that no branch may fail before its condition is known.

CREATE OR REPLACE MACRO {database}.main._sf_divide_float(a, b) AS (
    CASE WHEN a IS NOT NULL AND b = 0 THEN error('Division by zero') ELSE a / b END
);
CREATE OR REPLACE MACRO {database}.main._sf_modulo(a, b) AS (
    CASE WHEN b = 0 THEN error('Division by zero') ELSE a % b END
);
CREATE OR REPLACE MACRO {database}.main._sf_unscaled(a, power) AS (
    CAST(trunc(a) AS HUGEINT) * power::HUGEINT + CAST((a - trunc(a)) * power AS HUGEINT)
);
CREATE OR REPLACE MACRO {database}.main._sf_rounded_quotient(a, b) AS (
    (CASE WHEN (a < 0) <> (b < 0) THEN -1::HUGEINT ELSE 1::HUGEINT
    END) * ((abs(a) + abs(b) // 2) // abs(b))
);
CREATE OR REPLACE MACRO {database}.main._sf_divide(a, b, power_a, power_b, shift, unit) AS (
    CASE WHEN a IS NOT NULL AND b = 0 THEN error('Division by zero')
    ELSE CAST(_sf_rounded_quotient(_sf_unscaled(a, power_a) * shift::HUGEINT, _sf_unscaled(b, power_b)) AS DECIMAL(38, 0)) * unit
    END
);
CREATE OR REPLACE MACRO {database}.main._sf_fraction(x, unit) AS (
    CAST(CAST(x AS HUGEINT) * (1000000000 // CAST(unit AS HUGEINT)) AS DECIMAL(38, 0)) * 0.000000001
);
CREATE OR REPLACE MACRO {database}.main._sf_sqrt(x) AS (
    CASE WHEN x < 0 THEN error('not implemented by the embedded Snowflake: SQRT of a negative number')
    ELSE sqrt(x) END
);
CREATE OR REPLACE MACRO {database}.main._sf_width_bucket(x, low, high, n) AS (
    CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE floor((x - low) / (high - low) * n) + 1 END
);
CREATE OR REPLACE MACRO {database}.main._sf_trunc(x, power) AS (
    (CAST(trunc(x) AS HUGEINT) // power::HUGEINT) * power::HUGEINT
);
CREATE OR REPLACE MACRO {database}.main._sf_ceil(x, n, unit) AS (
    CASE WHEN trunc(x, n) < x THEN trunc(x, n) + unit ELSE trunc(x, n) END
);
CREATE OR REPLACE MACRO {database}.main._sf_floor(x, n, unit) AS (
    CASE WHEN trunc(x, n) > x THEN trunc(x, n) - unit ELSE trunc(x, n) END
);
CREATE OR REPLACE MACRO {database}.main._sf_float_text(x) AS (
    regexp_replace(CAST(x AS VARCHAR), '\.0$', '')
);
CREATE OR REPLACE MACRO {database}.main._sf_fit(x, n) AS (
    CASE WHEN length(x) > n THEN error('Too long: ' || x) ELSE x END
);
CREATE OR REPLACE MACRO {database}.main._sf_try_fit(x, n) AS (
    CASE WHEN length(x) <= n THEN x END
);
CREATE OR REPLACE MACRO {database}.main._sf_stored(x, n) AS (
    CASE WHEN length(x) > n THEN error('String ''' || x || ''' is too long and would be truncated') ELSE x
    END
);
CREATE OR REPLACE MACRO {database}.main._sf_try_numeral(x) AS (
    -- The engine reads 1_000 as a number.
    CASE WHEN strpos(x, '_') = 0 THEN x END
);
CREATE OR REPLACE MACRO {database}.main._sf_numeral(x) AS (
    CASE WHEN strpos(x, '_') > 0 THEN error('Could not convert string "' || x || '" to DOUBLE') ELSE x END
);
CREATE OR REPLACE MACRO {database}.main._sf_clock(x) AS (
    CASE WHEN regexp_matches(x, '[A-Za-z]')
    THEN error('not implemented by the embedded Snowflake: a time written as in ' || x) ELSE x END
);
CREATE OR REPLACE MACRO {database}.main._sf_boolean(x) AS (
    CASE WHEN lower(trim(x)) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE
    WHEN lower(trim(x)) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE WHEN x IS NOT NULL
    THEN error('Boolean value ''' || x || ''' is not recognized') END
);
CREATE OR REPLACE MACRO {database}.main._sf_try_boolean(x) AS (
    CASE WHEN lower(trim(x)) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE
    WHEN lower(trim(x)) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE END
);
CREATE OR REPLACE MACRO {database}.main._sf_epoch(x) AS (
    TIMESTAMP '1970-01-01' + to_microseconds(CAST(round(x * 1000000) AS BIGINT))
);
CREATE OR REPLACE MACRO {database}.main._sf_digits(x) AS (
    CASE WHEN abs(TRY_CAST(x AS DECIMAL(38, 0))) < 31536000000
    THEN _sf_epoch(TRY_CAST(x AS DECIMAL(38, 9))) WHEN abs(TRY_CAST(x AS DECIMAL(38, 0))) < 31536000000000
    THEN _sf_epoch(TRY_CAST(x AS DECIMAL(38, 9)) / 1000)
    WHEN abs(TRY_CAST(x AS DECIMAL(38, 0))) < 31536000000000000
    THEN _sf_epoch(TRY_CAST(x AS DECIMAL(38, 9)) / 1000000)
    ELSE _sf_epoch(TRY_CAST(x AS DECIMAL(38, 9)) / 1000000000) END
);
CREATE OR REPLACE MACRO {database}.main._sf_microseconds(n) AS (
    CASE WHEN n % 1000 <> 0 THEN error('not implemented by the embedded Snowflake: fractions of a microsecond')
    ELSE n // 1000 END
);
CREATE OR REPLACE MACRO {database}.main._sf_moment(x) AS (
    -- The text of a timestamp that Snowflake recognizes, and not the engine's own forms.
    CASE WHEN regexp_full_match(x, '\s*\d{1,2}-[A-Za-z]{3}-\d{4}\s*')
    THEN strftime(try_strptime(x, '%d-%b-%Y'), '%Y-%m-%d')
    WHEN regexp_matches(x, '^\s*([A-Za-z]{3},? |\d{1,2}/\d{1,2}/\d{4}|\d{1,2}-[A-Za-z]{3}-\d{4})')
    THEN error('not implemented by the embedded Snowflake: a timestamp written as in ' || x)
    WHEN regexp_matches(x, '^\s*([+-]?\d+-\d+-\d|-?\d+\s*$)') THEN x END
);
CREATE OR REPLACE MACRO {database}.main._sf_precise(x) AS (
    CASE WHEN x IS NOT NULL AND _sf_moment(x) IS NULL THEN error('invalid timestamp field format: "' || x || '"')
    WHEN regexp_matches(x, '\.\d{6}\d*[1-9]')
    THEN error('not implemented by the embedded Snowflake: fractions of a microsecond') ELSE _sf_moment(x) END
);
CREATE OR REPLACE MACRO {database}.main._sf_is_digits(x) AS (
    regexp_full_match(x, '-?\d+')
);
CREATE OR REPLACE MACRO {database}.main._sf_not_digits(x) AS (
    CASE WHEN _sf_is_digits(x) THEN NULL ELSE x END
);
CREATE OR REPLACE MACRO {database}.main._sf_dated(x) AS (
    -- The text of a date that Snowflake recognizes, and not the engine's own forms, such as epoch and 2024/01/05.
    CASE WHEN regexp_matches(x, '^\s*([+-]?\d+-|\d+/\d+/\d{4})') THEN x END
);
CREATE OR REPLACE MACRO {database}.main._sf_try_date(x) AS (
    CASE WHEN _sf_is_digits(x) THEN CAST(_sf_digits(x) AS DATE)
    ELSE coalesce(
        TRY_CAST(_sf_dated(x) AS DATE), CAST(try_strptime(_sf_dated(x), '%m/%d/%Y') AS DATE),
        CAST(try_strptime(_sf_dated(x), '%d-%b-%Y') AS DATE)
    ) END
);
CREATE OR REPLACE MACRO {database}.main._sf_date(x) AS (
    CASE WHEN _sf_try_date(x) IS NOT NULL THEN _sf_try_date(x)
    WHEN x IS NOT NULL THEN error('date field format: "' || x || '"') END
);
CREATE OR REPLACE MACRO {database}.main._sf_ntz(x) AS (
    CASE WHEN _sf_is_digits(x) THEN _sf_digits(x) ELSE CAST(_sf_not_digits(_sf_precise((CASE
    WHEN regexp_matches(x, ':') THEN regexp_replace(x, '\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$', '') ELSE x
    END))) AS TIMESTAMP) END
);
CREATE OR REPLACE MACRO {database}.main._sf_try_ntz(x) AS (
    CASE WHEN _sf_is_digits(x) THEN _sf_digits(x) ELSE TRY_CAST(_sf_moment(CASE WHEN regexp_matches(x, ':')
    THEN regexp_replace(x, '\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$', '') ELSE x END) AS TIMESTAMP) END
);
CREATE OR REPLACE MACRO {database}.main._sf_ltz(x) AS (
    CAST(regexp_replace(regexp_replace(_sf_precise(x), '\s*([+-]\d{2}):?(\d{2})$', '\1:\2'), '\s+Z$', 'Z') AS TIMESTAMPTZ)
);
CREATE OR REPLACE MACRO {database}.main._sf_try_ltz(x) AS (
    TRY_CAST(regexp_replace(regexp_replace(_sf_moment(x), '\s*([+-]\d{2}):?(\d{2})$', '\1:\2'), '\s+Z$', 'Z') AS TIMESTAMPTZ)
);
CREATE OR REPLACE MACRO {database}.main._sf_offset(t) AS (
    CAST((epoch(timezone('UTC', CAST(t AS TIMESTAMP))) - epoch(t)) / 60 AS SMALLINT)
);
CREATE OR REPLACE MACRO {database}.main._sf_zoned(t) AS (
    CASE WHEN t IS NOT NULL THEN {'t': t, 'z': _sf_offset(t)} END
);
CREATE OR REPLACE MACRO {database}.main._sf_at(wall, minutes) AS (
    CASE WHEN wall IS NOT NULL
    THEN {'t': timezone('UTC', wall - to_minutes(minutes)), 'z': CAST(minutes AS SMALLINT)} END
);
CREATE OR REPLACE MACRO {database}.main._sf_written_offset(x) AS (
    CASE WHEN regexp_matches(x, 'Z$') THEN 0
    ELSE TRY_CAST(regexp_extract(x, '([+-]\d{2}):?\d{0,2}$', 1) AS INTEGER) * 60 + TRY_CAST(regexp_extract(x, '([+-])\d{2}:?\d{0,2}$', 1)
    || coalesce(nullif(regexp_extract(x, '[+-]\d{2}:?(\d{2})$', 1), ''), '0') AS INTEGER) END
);
CREATE OR REPLACE MACRO {database}.main._sf_tz(x) AS (
    CASE WHEN x IS NULL THEN NULL WHEN (regexp_matches(x, ':')
    AND regexp_matches(x, '\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$')) THEN _sf_at(CAST(_sf_precise((CASE
    WHEN regexp_matches(x, ':') THEN regexp_replace(x, '\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$', '') ELSE x
    END)) AS TIMESTAMP), _sf_written_offset(x)) ELSE _sf_zoned(CAST(_sf_precise(CASE WHEN regexp_matches(x, ':')
    THEN regexp_replace(x, '\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$', '') ELSE x END) AS TIMESTAMPTZ)) END
);
CREATE OR REPLACE MACRO {database}.main._sf_try_tz(x) AS (
    _sf_tz(CASE WHEN TRY_CAST(_sf_moment(CASE WHEN regexp_matches(x, ':')
    THEN regexp_replace(x, '\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$', '') ELSE x END) AS TIMESTAMP) IS NOT NULL THEN x END)
);
CREATE OR REPLACE MACRO {database}.main._sf_local(x) AS (
    timezone('UTC', x.t) + to_minutes(x.z)
);
CREATE OR REPLACE MACRO {database}.main._sf_wall(x, other, name) AS (
    CASE WHEN x.z <> other.z
    THEN error('not implemented by the embedded Snowflake: ' || name || ' of timestamps with different offsets')
    ELSE _sf_local(x) END
);
CREATE OR REPLACE MACRO {database}.main._sf_in_zone(t, zone) AS (
    _sf_at(timezone(zone, t), CAST((epoch(timezone(zone, t)) - epoch(t)) / 60 AS INTEGER))
);
CREATE OR REPLACE MACRO {database}.main._sf_zoned_text(x) AS (
    strftime(_sf_local(x), '%Y-%m-%d %H:%M:%S.%g ') || (CASE WHEN x.z < 0 THEN '-' ELSE '+' END)
    || lpad(CAST(abs(x.z) // 60 AS VARCHAR), 2, '0') || lpad(CAST(abs(x.z) % 60 AS VARCHAR), 2, '0')
);
CREATE OR REPLACE MACRO {database}.main._sf_add_months(x, n) AS (
    CASE WHEN CAST(x AS DATE) = last_day(x) THEN last_day(x + to_months(CAST(round(n) AS INTEGER)))
    ELSE CAST(x + to_months(CAST(round(n) AS INTEGER)) AS DATE) END
);
CREATE OR REPLACE MACRO {database}.main._sf_weekday(name) AS (
    CASE lower(left(trim(name), 2)) WHEN 'mo' THEN 1 WHEN 'tu' THEN 2 WHEN 'we' THEN 3 WHEN 'th' THEN 4
    WHEN 'fr' THEN 5 WHEN 'sa' THEN 6 WHEN 'su' THEN 7 ELSE error('Invalid day of week: ' || name) END
);
CREATE OR REPLACE MACRO {database}.main._sf_next_day(d, name) AS (
    CAST(d + ((_sf_weekday(name) - isodow(d) + 6) % 7 + 1)::INTEGER AS DATE)
);
CREATE OR REPLACE MACRO {database}.main._sf_previous_day(d, name) AS (
    CAST(d - ((isodow(d) - _sf_weekday(name) + 6) % 7 + 1)::INTEGER AS DATE)
);
CREATE OR REPLACE MACRO {database}.main._sf_date_from_parts(y, m, d) AS (
    CAST(make_date(CAST(y AS INTEGER), 1, 1) + to_months(CAST(m AS INTEGER) - 1) + to_days(CAST(d AS INTEGER) - 1) AS DATE)
);
CREATE OR REPLACE MACRO {database}.main._sf_split_part(x, d, n) AS (
    CASE WHEN d = '' THEN x ELSE split_part(x, d, CAST(if(n = 0, 1, n) AS BIGINT)) END
);
CREATE OR REPLACE MACRO {database}.main._sf_strtok(x, d, n) AS (
    list_filter(regexp_split_to_array(x, CASE WHEN d = '' THEN '$^' ELSE '[' || regexp_replace(d, '([\]\\^-])', '\\\1', 'g')
    || ']' END), lambda t: t <> '')[CAST(n AS BIGINT)]
);
CREATE OR REPLACE MACRO {database}.main._sf_position(needle, x, start) AS (
    CASE WHEN strpos(substring(x, CAST(start AS BIGINT)), needle) = 0 THEN 0
    ELSE strpos(substring(x, CAST(start AS BIGINT)), needle) + start - 1 END
);
CREATE OR REPLACE MACRO {database}.main._sf_anchored(p) AS (
    regexp_matches(p, '(^|[^\\\[])(\\\\)*\^|(^|[^\\])(\\\\)*\\[bBA]')
);
CREATE OR REPLACE MACRO {database}.main._sf_searched(x, p, place) AS (
    -- The text from a place on: what stands before it would decide on an anchor.
    CASE WHEN place < 1
    THEN error('not implemented by the embedded Snowflake: a position of a regular expression below 1')
    WHEN place > 1 AND _sf_anchored(p)
    THEN error('not implemented by the embedded Snowflake: ^ or \b in a regular expression from a position after the first')
    ELSE substring(x, CAST(place AS BIGINT)) END
);
CREATE OR REPLACE MACRO {database}.main._sf_occurrence(n) AS (
    CAST(CASE WHEN n < 1
    THEN error('not implemented by the embedded Snowflake: an occurrence of a regular expression below 1')
    ELSE n END AS BIGINT)
);
CREATE OR REPLACE MACRO {database}.main._sf_definite(p) AS (
    -- Engines differ in where a pattern that may match the empty text matches again.
    CASE WHEN regexp_matches('', p) AND NOT starts_with(p, '^') AND (p = '' OR regexp_matches(p, '[*?|]|\{0'))
    THEN error('not implemented by the embedded Snowflake: all matches of a regular expression that matches the empty text')
    ELSE p END
);
CREATE OR REPLACE MACRO {database}.main._sf_matches(x, p, place) AS (
    len(regexp_extract_all(_sf_searched(x, p, place), p))
);
CREATE OR REPLACE MACRO {database}.main._sf_regexp_count(x, p, place) AS (
    _sf_matches(x, _sf_definite(p), place)
);
CREATE OR REPLACE MACRO {database}.main._sf_through_matches(x, p, n) AS (
    -- The text up to the end of its first n matches.
    CASE WHEN n < 1 THEN '' ELSE regexp_extract(x, '^(?:(?s:.)*?(?:' || p || ')){' || CAST(n AS INTEGER) || '}') END
);
CREATE OR REPLACE MACRO {database}.main._sf_regexp_instr(x, p, place, nth, option) AS (
    CASE WHEN _sf_matches(x, p, place) IS NULL OR option IS NULL OR nth IS NULL THEN NULL
    WHEN _sf_matches(x, p, place) < _sf_occurrence(nth) THEN 0
    WHEN option = 1 THEN place + length(_sf_through_matches(_sf_searched(x, p, place), p, nth))
    ELSE place + length(_sf_through_matches(_sf_searched(x, p, place), p, nth))
        - length(regexp_extract_all(_sf_searched(x, p, place), p)[_sf_occurrence(nth)]) END
);
CREATE OR REPLACE MACRO {database}.main._sf_regexp_replace(x, p, place, replacement, nth) AS (
    CASE WHEN nth = 0 THEN left(x, CAST(place - 1 AS BIGINT)) || regexp_replace(_sf_searched(x, p, place), CASE WHEN replacement = '' THEN p ELSE _sf_definite(p) END, replacement, 'g')
    WHEN nth < 0 OR (nth > 1 AND _sf_anchored(p)) THEN error(
        'not implemented by the embedded Snowflake: this occurrence of a regular expression in REGEXP_REPLACE'
    )
    WHEN _sf_matches(x, p, place) < nth THEN x
    ELSE left(x, CAST(place - 1 AS BIGINT)) || _sf_through_matches(_sf_searched(x, p, place), p, nth - 1)
        || regexp_replace(substring(_sf_searched(x, p, place),
            length(_sf_through_matches(_sf_searched(x, p, place), p, nth - 1)) + 1), p, replacement) END
);
CREATE OR REPLACE MACRO {database}.main._sf_regexp_substr(x, p, place, nth, grp) AS (
    regexp_extract_all(_sf_searched(x, p, place), p, CAST(grp AS INTEGER))[_sf_occurrence(nth)]
);
CREATE OR REPLACE MACRO {database}.main._sf_regexp_substr_all(x, p, place, nth, grp) AS (
    to_json(regexp_extract_all(_sf_searched(x, p, place), p, CAST(grp AS INTEGER))[_sf_occurrence(nth):])
);
CREATE OR REPLACE MACRO {database}.main._sf_time_slice(x, width) AS (
    time_bucket(width, CAST(x AS TIMESTAMP), TIMESTAMP '1970-01-01')
);
CREATE OR REPLACE MACRO {database}.main._sf_unicode(x) AS (
    CASE WHEN x = '' THEN 0 ELSE unicode(x) END
);
CREATE OR REPLACE MACRO {database}.main._sf_months_between(a, b) AS (
    CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
    + CASE WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b)) THEN 0
    ELSE (day(a) - day(b) + (epoch(CAST(a AS TIMESTAMP)) - epoch(date_trunc('day', CAST(a AS TIMESTAMP)))
        - epoch(CAST(b AS TIMESTAMP)) + epoch(date_trunc('day', CAST(b AS TIMESTAMP)))) / 86400) / 31 END
);
CREATE OR REPLACE MACRO {database}.main._sf_from(s, x) AS (
    CAST(CASE WHEN s = 0 THEN 1 WHEN s < 0 THEN greatest(length(x) + s + 1, 1) ELSE s END AS BIGINT)
);
CREATE OR REPLACE MACRO {database}.main._sf_substr(x, s) AS (
    substring(x, _sf_from(s, x))
);
CREATE OR REPLACE MACRO {database}.main._sf_substr_length(x, s, n) AS (
    CASE WHEN n < 0 OR (s < 0 AND -s > length(x)) THEN ''
    ELSE substring(x, _sf_from(s, x), CAST(n AS BIGINT)) END
);
CREATE OR REPLACE MACRO {database}.main._sf_insert(x, s, n, y) AS (
    left(x, CAST(s - 1 AS BIGINT)) || y || substring(x, CAST(s + n AS BIGINT))
);
CREATE OR REPLACE MACRO {database}.main._sf_variant_text(v) AS (
    v ->> '$'
);
CREATE OR REPLACE MACRO {database}.main._sf_json_null() AS (
    'null'::JSON
);
CREATE OR REPLACE MACRO {database}.main._sf_typeof(v) AS (
    CASE json_type(v) WHEN 'NULL' THEN 'NULL_VALUE' WHEN 'BIGINT' THEN 'INTEGER' WHEN 'UBIGINT'
    THEN 'INTEGER' WHEN 'HUGEINT' THEN 'INTEGER' WHEN 'DOUBLE' THEN CASE
    WHEN regexp_full_match(v::VARCHAR, '-?\d+') THEN 'INTEGER' WHEN regexp_matches(v::VARCHAR, '[eE]')
    THEN 'DOUBLE' ELSE 'DECIMAL' END ELSE json_type(v) END
);
CREATE OR REPLACE MACRO {database}.main._sf_number(v) AS (
    CASE WHEN _sf_typeof(v) IN ('INTEGER', 'DECIMAL', 'DOUBLE') THEN v ->> '$' END
);
CREATE OR REPLACE MACRO {database}.main._sf_sort_key(v) AS (
    CASE WHEN v IS NOT NULL THEN {
        'kind': CASE _sf_typeof(v) WHEN 'NULL_VALUE' THEN 0 WHEN 'BOOLEAN' THEN 1 WHEN 'INTEGER' THEN 2
            WHEN 'DECIMAL' THEN 2 WHEN 'DOUBLE' THEN 2 WHEN 'VARCHAR' THEN 3 ELSE 4 END,
        'float': TRY_CAST(_sf_number(v) AS DOUBLE),
        'number': TRY_CAST(_sf_number(v) AS DECIMAL(38, 9)),
        'text': CASE WHEN _sf_number(v) IS NULL THEN v ->> '$' END
    } END
);
CREATE OR REPLACE MACRO {database}.main._sf_key(v, k) AS (
    json_extract(v, '$."' || replace(k, '"', '\"') || '"')
);
CREATE OR REPLACE MACRO {database}.main._sf_index(v, i) AS (
    CASE WHEN i >= 0 THEN json_extract(v, '$[' || CAST(CAST(i AS BIGINT) AS VARCHAR) || ']') END
);
CREATE OR REPLACE MACRO {database}.main._sf_array_size(v) AS (
    CASE WHEN json_type(v) = 'ARRAY' THEN json_array_length(v) END
);
CREATE OR REPLACE MACRO {database}.main._sf_array(v) AS (
    CASE WHEN v IS NULL OR json_type(v) IN ('ARRAY', 'NULL') THEN v ELSE json_array(v) END
);
CREATE OR REPLACE MACRO {database}.main._sf_object(v) AS (
    CASE WHEN v IS NULL OR json_type(v) IN ('OBJECT', 'NULL') THEN v
    ELSE error('Failed to cast variant value ' || v::VARCHAR || ' to OBJECT') END
);
CREATE OR REPLACE MACRO {database}.main._sf_strip_null(v) AS (
    CASE WHEN json_type(v) <> 'NULL' THEN v END
);
CREATE OR REPLACE MACRO {database}.main._sf_listed(items) AS (
    coalesce(to_json(items), '[]'::JSON)
);
