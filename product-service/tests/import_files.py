"""Catalogues as other shops export them, with their oddities."""

OWN = (
    "\ufeffsku;name;category;description;price;currency;stock;attr.Material\r\n"
    '0012/A;"Bowl; deep";Kitchen;"Holds <b>soup</b>\r\nand salad";1.299,50;EUR;5;Oak\r\n'
    ";;;;;;;\r\n"
    "'=T-1;Tea;;;3,5;;'7;\r\n"
)
SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,"
    "Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,"
    "Image Src,Status\n"
    'shirt,Shirt,"<p>Soft &amp; warm</p><ul><li>Cotton</li><li>Blue</li></ul>",Loom,Clothing,,'
    "true,Size,M,Colour,Blue,SH-M,200,shopify,3,deny,20.00,25.00,https://a.example/1.png,active\n"
    "shirt,,,,,,,,L,,Blue,SH-L,210,shopify,-2,deny,18.50,,https://a.example/2.png,\n"
    "shirt,,,,,,,,,,,,,,,,,,https://a.example/3.png,\n"
    "\n"
    "wrap,Gift wrap,,,,,true,Title,Default Title,,,'0042,0,,,continue,2.00,,,active\n"
)
WOOCOMMERCE = (
    "ID,Type,SKU,Name,Published,Short description,Description,In stock?,Stock,"
    "Low stock amount,Weight (kg),Sale price,Regular price,Categories,Parent,"
    "Attribute 1 name,Attribute 1 value(s)\n"
    '1,variable,HOOD,Hoodie,1,,"<p>Warm.</p>",1,,,0.5,,,"Clothing > Hoodies, Sale",,'
    'Colour,"Red, Blue"\n'
    "2,variation,HOOD-R,Hoodie - Red,1,,,1,4,2,,39,45,,HOOD,Colour,Red\n"
    "3,variation,HOOD-B,Hoodie - Blue,1,,,0,,,,,45,,id:1,Colour,Blue\n"
    '4,"simple, virtual",CALL,Advice,1,Half an hour,,1,,,,,60,Services,,,\n'
)
