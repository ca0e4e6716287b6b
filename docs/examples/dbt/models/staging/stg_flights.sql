select
    carrier,
    flight as flight_number,
    flight_date,
    arr_delay as arrival_delay
from {{ source('curated', 'FLIGHTS') }}
