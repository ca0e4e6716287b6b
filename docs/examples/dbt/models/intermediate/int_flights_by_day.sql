select
    carrier,
    flight_date,
    count(*) as flights,
    count_if(arrival_delay > 15) as late_flights,
    avg(arrival_delay) as mean_delay
from {{ ref('stg_flights') }}
group by carrier, flight_date
