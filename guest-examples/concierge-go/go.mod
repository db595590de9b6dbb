module concierge

go 1.27
