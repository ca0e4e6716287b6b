select
    carrier,
    min(flight_date) as first_day,
    max(flight_date) as last_day,
    sum(flights) as flights,
    sum(late_flights) as late_flights,
    round(sum(late_flights) / nullif(sum(flights), 0), 4) as late_share
from {{ ref('int_flights_by_day') }}
group by carrier
